"""Earlier versions of files: the commits that changed them, under any name.

The history is what this clone has of it: a shallow one is shorter, and without git, or
outside a work tree, there is none. All calls of git only read.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.git.asking import ask_git
from pytest_promptopt.git.commit_files import CommitFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_promptopt.prompts.files import Files

MOST_COMMITS = 50
"""Of each file, the latest commits that changed it; older ones are not looked at."""

MOST_READ = 20
"""Different states of the files that are read; each takes a few calls of git."""

_COMMIT = re.compile(r"([0-9a-f]{40,64}) (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What one commit made of one file.

    Attributes:
        commit: Full id of the commit.
        time: When it was committed, in seconds since 1970.
        name: What the file was called then, from the top of the work tree.
        object_id: Id of its content.
    """

    commit: str
    time: int
    name: str
    object_id: str


class RenamedFiles:
    """The files of a commit, some of them under the names that they have today.

    A :class:`~pytest_promptopt.prompts.files.Files`.

    Args:
        files: The files of the commit.
        names: Path of a file today, links followed, to the names that it had, from the
            top of the work tree, the latest first.
    """

    def __init__(self, files: CommitFiles, names: Mapping[Path, Sequence[str]]) -> None:
        self._files = files
        self._old: dict[Path, Path] = {}
        for path, known in names.items():
            if not files.is_file(path):
                old = [files.top / name for name in known]
                there = next((place for place in old if files.is_file(place)), None)
                if there is not None:
                    self._old[path] = there

    def exists(self, path: Path) -> bool:
        """Tell whether the commit has a file or folder there."""
        return self._files.exists(self._there(path))

    def is_file(self, path: Path) -> bool:
        """Tell whether the commit has a file there."""
        return self._files.is_file(self._there(path))

    def resolve(self, path: Path) -> Path:
        """Return the path of today, absolute, links followed."""
        real = _real(path)
        return real if real in self._old else self._files.resolve(path)

    def read_bytes(self, path: Path) -> bytes:
        """Return the bytes as they are stored.

        Raises:
            FileNotFoundError: The commit has no such file.
            SourceError: Its content is not in this clone.
        """
        return self._files.read_bytes(self._there(path))

    def names(self, root: Path) -> Iterator[str]:
        """Yield the files below a folder, under the names that the commit has."""
        return self._files.names(root)

    def _there(self, path: Path) -> Path:
        return self._old.get(_real(path), path)


def earlier_files(top: Path, paths: Iterable[Path]) -> Iterator[Files]:
    """Yield the commits in which some files had another content, the latest first.

    Args:
        top: The top of the work tree.
        paths: The files as they are called today; those outside it have no history.

    Yields:
        The files of each such commit; two in which all of ``paths`` have the same
        content are one. At most :data:`MOST_READ`. The first may be what the files
        hold today.

    Raises:
        OSError: There is no git program.
        SettingError: While they are read: the files of a commit cannot be listed.
        SourceError: While they are read: a file lies in a submodule.
    """
    histories = {
        real: found
        for real in dict.fromkeys(map(_real, paths))
        if (found := revisions(top, real))
    }
    every = {entry.commit: entry for found in histories.values() for entry in found}
    # Among commits of one second git's own order, the latest first, is kept.
    latest_first = sorted(every.values(), key=lambda entry: -entry.time)
    names = {
        path: tuple(dict.fromkeys(entry.name for entry in found))
        for path, found in histories.items()
    }
    seen: set[tuple[str, ...]] = set()
    for entry in latest_first:
        state = tuple(_content(found, entry) for found in histories.values())
        if state in seen:
            continue
        if len(seen) == MOST_READ:
            return
        seen.add(state)
        yield RenamedFiles(CommitFiles(top, entry.commit), names)


def revisions(top: Path, path: Path) -> tuple[Revision, ...]:
    """Return the commits that changed a file, also before it was renamed.

    Args:
        top: The top of the work tree, links followed.
        path: The file, absolute, links followed.

    Returns:
        At most :data:`MOST_COMMITS`, the latest first; none outside the work tree,
        and none where git has nothing to say.

    Raises:
        OSError: There is no git program.
    """
    real_top = _real(top)
    if not path.is_relative_to(real_top):
        return ()
    logged = ask_git(
        real_top,
        "log",
        f"--max-count={MOST_COMMITS}",
        "--follow",
        "--raw",
        "--no-abbrev",
        "--no-show-signature",
        "--no-ext-diff",
        "--diff-filter=AMRT",
        "-z",
        "--format=%H %ct",
        "--",
        path.relative_to(real_top).as_posix(),
    )
    return tuple(_read(logged.output)) if logged.done else ()


def _read(output: bytes) -> Iterator[Revision]:
    """Read ``git log --raw -z``: commit, then ``:modes ids status``, then names."""
    tokens = iter(output.split(b"\0"))
    commit, time = "", 0
    for token in tokens:
        text = os.fsdecode(token).strip("\n")
        begun = _COMMIT.fullmatch(text)
        if begun is not None:
            commit, time = begun[1], int(begun[2])
        elif text.startswith(":"):
            *_, object_id, status = text.split(" ")
            name = next(tokens, b"")
            if status[:1] in ("R", "C"):  # the old name stands first
                name = next(tokens, b"")
            yield Revision(
                commit=commit,
                time=time,
                name=os.fsdecode(name),
                object_id=object_id,
            )


def _content(found: Sequence[Revision], at: Revision) -> str:
    """Return the content that a file had once a commit was made; empty before it was.

    Args:
        found: The file's revisions, the latest first.
        at: A revision, of this file or another one.
    """
    own = next((entry for entry in found if entry.commit == at.commit), None)
    before = (entry for entry in found if entry.time <= at.time)
    last = own or next(before, None)
    return last.object_id if last else ""


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
