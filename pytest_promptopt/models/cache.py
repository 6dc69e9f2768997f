"""Finished replies in one local SQLite file, as JSON text.

The file is private to a working copy: git ignores its folder. It is safe for several
processes at once, and nothing that happens to it ends a run: what cannot be read is
asked again, and :attr:`Cache.notes` says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_promptopt.records import Completion, canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from typing_extensions import Self

T = TypeVar("T")

SCHEMA = 1
"""Version of the stored form: part of every key and the file's ``user_version``."""

BUSY_S = 5.0  # how long one process waits for another one's write
AT_ONCE = 500  # keys per SELECT: older SQLite takes at most 999 parameters
COMPANIONS = ("", "-wal", "-shm")  # a database file and what SQLite keeps beside it


class _UnusableFileError(Exception):
    """The file is no reply cache of this version, and why."""


def encoded(completion: Completion) -> str:
    """Return a completion as the text that is stored.

    Raises:
        TypeError: The completion holds something that is not JSON.
        ValueError: It holds a number that JSON does not have.
    """
    return canonical_json(completion.to_json())


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
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path: Path | None = Path(path)
        self._db: sqlite3.Connection | None = None
        self._notes: list[str] = []
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
        wanted = list(keys)
        with self._lock:
            found = {key: self._unsaved[key] for key in wanted if key in self._unsaved}
            try:
                found.update(self._using(lambda db: dict(_select(db, wanted))))
            except sqlite3.Error as error:
                self._note(f"the reply cache {self._path} could not be read: {error}")
        replies = ((key, _decoded(text)) for key, text in found.items())
        return {key: reply for key, reply in replies if reply is not None}

    def put(self, key: str, completion: Completion) -> None:
        """Store a reply; it is on its way to the disk when this returns."""
        self.store([(key, encoded(completion))])

    def store(self, rows: Sequence[tuple[str, str]]) -> None:
        """Store several replies, each a key and its :func:`encoded` text, in one go.

        Rows that cannot be written now are kept and tried again with the next ones.
        """
        with self._lock:
            self._unsaved.update(rows)
            unsaved = list(self._unsaved.items())
            try:
                self._using(lambda db: _insert(db, unsaved))
            except sqlite3.Error as error:
                self._note(
                    f"the reply cache {self._path} could not be written: {error}"
                )
            else:
                self._unsaved.clear()

    def close(self) -> None:
        """Write what is left, fold SQLite's log into the file and let go of it."""
        with self._lock:
            if self._db is None:
                return
            if self._unsaved:
                self.store([])
            if self._path is not None:
                # Another process may be busy with the log: then it will fold it.
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
            return _memory()
        try:
            create_ignored_folder(self._path.parent)
            seen = _file_number(self._path)
            try:
                return _file(self._path, suspect=suspect)
            except _UnusableFileError as error:
                if _file_number(self._path) == seen:  # else replaced by another process
                    aside = _set_aside(self._path)
                    self._note(
                        f"the reply cache {self._path} could not be used ({error}) and "
                        f"was renamed to {aside.name}: its replies are asked for again"
                    )
                return _file(self._path, suspect=False)
        except (OSError, sqlite3.Error, _UnusableFileError) as error:
            self._note(
                f"the reply cache {self._path} could not be opened ({error}): "
                "replies are kept in memory and are lost when the run ends"
            )
            self._path = None
            return _memory()


def _select(db: sqlite3.Connection, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        query = f"SELECT key, reply FROM replies WHERE key IN ({marks})"  # noqa: S608
        yield from db.execute(query, some)


def _insert(db: sqlite3.Connection, rows: Sequence[tuple[str, str]]) -> None:
    if not rows:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        db.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?)", rows)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _memory() -> sqlite3.Connection:
    db = _connected(":memory:")
    _create(db)
    return db


def _connected(path: str) -> sqlite3.Connection:
    return sqlite3.connect(
        path,
        timeout=BUSY_S,
        isolation_level=None,  # transactions are begun by hand
        check_same_thread=False,  # Cache holds a lock instead
    )


def _file(path: Path, *, suspect: bool) -> sqlite3.Connection:
    db = _connected(str(path))
    try:
        _prepare(db, suspect=suspect)
    except BaseException as error:
        db.close()
        unsound = isinstance(error, sqlite3.DatabaseError)
        if unsound and not isinstance(error, sqlite3.OperationalError):
            raise _UnusableFileError(str(error)) from None
        raise
    return db


def _prepare(db: sqlite3.Connection, *, suspect: bool) -> None:
    _enter_wal(db)
    # Survives the end of the process; a power cut may cost the last replies.
    db.execute("PRAGMA synchronous = NORMAL")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        _create(db)
    elif version != SCHEMA:
        raise _UnusableFileError(
            f"it has version {version}, this pytest-promptopt writes {SCHEMA}"
        )
    db.execute("SELECT key, reply FROM replies LIMIT 1").fetchall()
    if suspect:
        ((found,),) = db.execute("PRAGMA quick_check(1)").fetchall()
        if found != "ok":
            raise _UnusableFileError(found)


def _create(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.execute(
        "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL)"
    )
    db.execute(f"PRAGMA user_version = {SCHEMA}")
    db.execute("COMMIT")


def _enter_wal(db: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, where the file system has it.

    SQLite does not wait by itself when two processes switch at once. Without the log
    the file works as well, only slower.
    """
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            (mode,) = db.execute("PRAGMA journal_mode").fetchone()
            if mode != "wal":
                db.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" in str(error) and time.monotonic() < deadline:
                time.sleep(0.01)
                continue
            with contextlib.suppress(sqlite3.OperationalError):
                db.execute("PRAGMA journal_mode = DELETE").fetchone()
        return


def _file_number(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := Path(f"{path}.corrupt-{number}")).exists():
        number += 1
    for companion in COMPANIONS:
        # Another process may have been faster: then there is nothing to rename.
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{companion}").rename(f"{aside}{companion}")
    return aside


def create_ignored_folder(folder: Path) -> None:
    """Create a folder that git ignores, complete from its first moment.

    A folder that exists is left as it is.

    Raises:
        OSError: It cannot be created.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}-{os.getpid()}-{secrets.token_hex(4)}"
    draft.mkdir()
    ignored = draft / ".gitignore"
    try:
        ignored.write_text("*\n", encoding="ascii", newline="\n")
        draft.rename(folder)
    except OSError:
        ignored.unlink(missing_ok=True)
        draft.rmdir()
        if not folder.is_dir():  # else another process was faster
            raise
