"""Finished replies in one local SQLite file, as JSON text.

The file is private to a working copy: git ignores its folder. It is safe for several
processes at once, and nothing that happens to it ends a run: what cannot be read is
asked again, and :attr:`Cache.notes` says so.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models import cache_file
from pytest_promptopt.models.cache_file import SCHEMA, create_ignored_folder
from pytest_promptopt.records import Completion, canonical_json

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from typing_extensions import Self

__all__ = ["SCHEMA", "Cache", "create_ignored_folder", "encoded", "is_whole"]

T = TypeVar("T")

AT_ONCE = 500  # keys per SELECT: older SQLite takes at most 999 parameters
CUT_SHORT = frozenset({"length", "content_filter"})
"""Finish reasons of replies that are not all that the model would have said."""

SIZE_MB = 1000
"""Size of the file, in millions of bytes, above which the oldest replies go."""


def encoded(completion: Completion) -> str:
    """Return a completion as the text that is stored.

    Raises:
        TypeError: The completion holds something that is not JSON.
        ValueError: It holds a number that JSON does not have.
    """
    return canonical_json(completion.to_json())


def is_whole(completion: Completion) -> bool:
    """Return whether a reply is one that another run may be given.

    One that was cut off or filtered may come out whole the next time.
    """
    return completion.finish_reason not in CUT_SHORT


def _decoded(text: str) -> Completion | None:
    try:
        return Completion.from_json(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # written by something else: asked again and overwritten


class Cache:
    """Replies by key, kept in a file.

    Nothing is opened or created before the first use, and a closed cache opens again
    when it is used again. All methods may be called from any thread.

    Args:
        path: The database file. Its folder is created with a ``.gitignore`` inside;
            a folder that exists is left as it is.
        reads: Whether replies of other runs are given; those of this one always are.
        most_mb: Size of the file, in millions of bytes, above which the replies that
            were written first are deleted when the cache is closed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        reads: bool = True,
        most_mb: int = SIZE_MB,
    ) -> None:
        self._path: Path | None = Path(path)
        self._reads = reads
        self._most_bytes = most_mb * 1_000_000
        self._db: sqlite3.Connection | None = None
        self._notes: list[str] = []
        self._own: set[str] = set()
        self._cut_short: dict[str, Completion] = {}
        self._unsaved: dict[str, str] = {}
        self._lock = threading.RLock()

    @classmethod
    def in_memory(cls) -> Self:
        """Return a cache that forgets everything when it is closed."""
        cache = cls("")
        cache._path = None
        return cache

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what went wrong with the file; none if nothing did."""
        return tuple(self._notes)

    def get(self, key: str) -> Completion | None:
        """Return the reply stored under a key, or ``None``."""
        return self.get_many([key]).get(key)

    def get_many(self, keys: Iterable[str]) -> Mapping[str, Completion]:
        """Return the replies stored under some keys; unknown keys are left out."""
        with self._lock:
            wanted = [key for key in keys if self._reads or key in self._own]
            if not wanted:
                return {}
            found = {key: self._unsaved[key] for key in wanted if key in self._unsaved}
            passing = {
                key: self._cut_short[key] for key in wanted if key in self._cut_short
            }
            try:
                found.update(self._using(lambda db: dict(_select(db, wanted))))
            except sqlite3.Error as error:
                self._note(f"the reply cache {self._path} could not be read: {error}")
        replies = ((key, _decoded(text)) for key, text in found.items())
        whole = {key: reply for key, reply in replies if reply and is_whole(reply)}
        return {**whole, **passing}

    def put(self, key: str, completion: Completion) -> None:
        """Store a reply; it is on its way to the disk when this returns."""
        self.keep([(key, completion, encoded(completion))])

    def keep(self, replies: Sequence[tuple[str, Completion, str]]) -> None:
        """Store the replies that are whole, and remember the others for this run.

        Args:
            replies: Each a key, the reply, and its :func:`encoded` text.
        """
        with self._lock:
            for key, completion, _ in replies:
                if is_whole(completion):
                    self._cut_short.pop(key, None)
                else:
                    self._cut_short[key] = completion
            if not self._reads:
                self._own.update(key for key, _, _ in replies)
        self.store([(key, text) for key, reply, text in replies if is_whole(reply)])

    def store(self, rows: Sequence[tuple[str, str]]) -> None:
        """Store several replies, each a key and its :func:`encoded` text, in one go.

        Rows that cannot be written now are kept and tried again with the next ones.
        """
        with self._lock:
            self._unsaved.update(rows)
            unsaved = list(self._unsaved.items())
            try:
                self._using(lambda db: cache_file.write(db, unsaved))
            except sqlite3.Error as error:
                self._note(
                    f"the reply cache {self._path} could not be written: {error}"
                )
            else:
                self._unsaved.clear()

    def clear(self) -> None:
        """Delete all replies; a file that does not exist is not created.

        Raises:
            SettingError: Another process uses the file.
        """
        with self._lock:
            if self._path is None or not self._path.exists():
                return
            try:
                self._using(cache_file.empty)
            except sqlite3.Error as error:
                raise SettingError(
                    f"{self._path} cannot be emptied now: {error}",
                    "wait for the other run, or delete the file by hand",
                ) from error

    def close(self) -> None:
        """Write what is left, make room, fold SQLite's log in, let go of the file."""
        with self._lock:
            if self._db is None:
                return
            if self._unsaved:
                self.store([])
            if self._path is not None:
                # Another process may be busy with the file: then it will do that.
                with contextlib.suppress(sqlite3.Error):
                    cache_file.shrink(self._db, self._most_bytes)
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._let_go()

    def _note(self, sentence: str) -> None:
        if sentence not in self._notes:
            self._notes.append(sentence)

    def _let_go(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _using(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._db is None:
            self._db = self._opened(suspect=False)
        try:
            return work(self._db)
        except sqlite3.OperationalError:
            raise  # locked, full, read-only: the file itself is sound
        except sqlite3.DatabaseError:
            self._let_go()
            self._db = self._opened(suspect=True)
            return work(self._db)

    def _opened(self, *, suspect: bool) -> sqlite3.Connection:
        if self._path is None:
            return cache_file.memory()
        try:
            create_ignored_folder(self._path.parent)
            seen = cache_file.file_number(self._path)
            try:
                return cache_file.opened(self._path, suspect=suspect)
            except cache_file.UnusableFileError as error:
                # Else another process has replaced it.
                if cache_file.file_number(self._path) == seen:
                    return self._replaced(self._path, str(error))
                return cache_file.opened(self._path, suspect=False)
        except (OSError, sqlite3.Error, cache_file.UnusableFileError) as error:
            self._note(
                f"the reply cache {self._path} could not be opened ({error}): "
                "replies are kept in memory and are lost when the run ends"
            )
            self._path = None
            return cache_file.memory()

    def _replaced(self, path: Path, why: str) -> sqlite3.Connection:
        """Set a damaged file aside, and return a new one with what could be read."""
        from pytest_promptopt.models.cache_rescue import Rescue, rescue

        aside = cache_file.set_aside(path)
        db = cache_file.opened(path, suspect=False)
        try:
            found = rescue(aside, db, is_reply=_is_reply)
        except sqlite3.Error:
            found = Rescue(kept=0)
        self._note(
            f"the reply cache {path} could not be used ({why}) and was renamed to "
            f"{aside.name}: {found.told}"
        )
        return db


def _is_reply(text: str) -> bool:
    return _decoded(text) is not None


def _select(db: sqlite3.Connection, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        query = f"SELECT key, reply FROM replies WHERE key IN ({marks})"  # noqa: S608
        yield from db.execute(query, some)
