"""Files as they are stored in a commit: read by git, never checked out."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.baseline import FOLDER
from pytest_promptopt.errors import BaselineError, SettingError, SourceError
from pytest_promptopt.git.asking import ask_git
from pytest_promptopt.prompts.file_text import FileText

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS: dict[str, Literal["file", "link", "submodule"]] = {
    "100644": "file",
    "100755": "file",
    "120000": "link",
    "160000": "submodule",
}
_LINKS_FOLLOWED = 40
_LARGE_FILE = b"version https://git-lfs.github.com/spec/"
_ONLY_BASELINE = "--promptopt-compare=none compares with the committed baseline only"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a commit has at a path: its kind and the id of its object."""

    kind: Literal["file", "link", "submodule"]
    object_id: str


class CommitFiles:
    """The files of one commit, by the paths that they have in the work tree.

    A :class:`~pytest_promptopt.prompts.files.Files`: one call of git lists them, one
    more reads each. What lies outside the work tree is not there. Symbolic links are
    followed as the commit has them, not as the work tree has them now.

    Args:
        top: The top of the work tree.
        commit: Full id of a commit whose objects are in this clone.
    """

    def __init__(self, top: Path, commit: str) -> None:
        self.top = Path(os.path.realpath(top))
        self.commit = commit
        self._contents: dict[str, bytes] = {}

    def exists(self, path: Path) -> bool:
        """Tell whether the commit has a file or folder there.

        Raises:
            SourceError: It lies in a submodule, or behind a link out of the work tree.
        """
        inside = self._inside(path)
        return inside is not None and (inside in self._listing or self._holds(inside))

    def is_file(self, path: Path) -> bool:
        """Tell whether the commit has a file there.

        Raises:
            SourceError: It lies in a submodule, or behind a link out of the work tree.
        """
        return self._entry(path) is not None

    def resolve(self, path: Path) -> Path:
        """Return the path in the work tree, absolute, the commit's links followed."""
        inside = self._inside(path)
        return Path(os.path.normpath(path)) if inside is None else self.top / inside

    def read_bytes(self, path: Path) -> bytes:
        """Return the bytes as they are stored; line ends may differ from a checkout's.

        Raises:
            FileNotFoundError: The commit has no such file.
            SourceError: Its content is not in this clone.
        """
        entry = self._entry(path)
        if entry is None:
            raise FileNotFoundError(2, f"not there at commit {self.commit[:8]}")
        return self._content(path, entry)

    def names(self, root: Path) -> Iterator[str]:
        """Yield the files below a folder, as sorted paths relative to it."""
        inside = self._inside(root)
        if inside is None:
            return
        start = f"{inside}/" if inside else ""
        for name, entry in self._listing.items():
            if entry.kind == "file" and name.startswith(start):
                yield name[len(start) :]

    def text(self, path: Path) -> str | None:
        r"""Return a file's text, with ``\n`` line ends; ``None`` if it is not there.

        Raises:
            BaselineError: A baseline record is not UTF-8.
            SourceError: Another file is not UTF-8, or cannot be read.
        """
        if not self.is_file(path):
            return None
        try:
            return FileText.decode(self.read_bytes(path), path).text
        except SourceError as error:
            problem = f"{error.problem} (at commit {self.commit[:8]})"
            kind = BaselineError if FOLDER in path.parts else SourceError
            raise kind(problem, error.hint) from None

    @cached_property
    def _listing(self) -> dict[str, Entry]:
        command = ("ls-tree", "-r", "-z", "--full-tree", self.commit)
        listed = ask_git(self.top, *command)
        if not listed.done:
            raise SettingError(
                f"the files of commit {self.commit[:8]} cannot be listed: git says "
                f"{listed.said!r}",
                "clone the repository with all its objects (no filter, fetch-depth: "
                f"0); {_ONLY_BASELINE}",
            )
        return dict(_entries(listed.output))

    @cached_property
    def _folders(self) -> frozenset[str]:
        folders = {""}
        for name in self._listing:
            folder = posixpath.dirname(name)
            while folder not in folders:
                folders.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(folders)

    def _holds(self, inside: str) -> bool:
        return inside in self._folders

    def _entry(self, path: Path) -> Entry | None:
        inside = self._inside(path)
        entry = None if inside is None else self._listing.get(inside)
        return entry if entry is not None and entry.kind == "file" else None

    def _inside(self, path: Path) -> str | None:
        """Return the path from the top, links followed; ``None`` outside."""
        inside = self._below_top(path)
        for _ in range(_LINKS_FOLLOWED):
            if inside is None:
                return None
            prefix, entry = self._first_obstacle(inside)
            if entry is None:
                return inside
            if entry.kind == "submodule":
                self._check_submodule(path, prefix)
                return inside
            inside = self._behind_link(path, inside, prefix, entry)
        return None

    def _below_top(self, path: Path) -> str | None:
        whole = Path(os.path.normpath(self.top / path))
        if whole.is_relative_to(self.top):
            return _posix(whole.relative_to(self.top))
        # The way to the work tree may lead through a link, as /tmp does on a Mac.
        for folder in reversed([whole, *whole.parents]):
            real = Path(os.path.realpath(folder))
            if real.is_relative_to(self.top):
                return _posix((real / whole.relative_to(folder)).relative_to(self.top))
        return None

    def _first_obstacle(self, inside: str) -> tuple[str, Entry | None]:
        parts = inside.split("/")
        for length in range(1, len(parts) + 1):
            prefix = "/".join(parts[:length])
            entry = self._listing.get(prefix)
            if entry is not None and entry.kind != "file":
                return prefix, entry
        return inside, None

    def _check_submodule(self, path: Path, prefix: str) -> None:
        # A search path may lead through it without what is looked for being there.
        if path.is_file():
            raise SourceError.at(
                path,
                None,
                f"lies in the submodule {prefix!r}, whose files at commit "
                f"{self.commit[:8]} are not in this repository",
                f"run pytest in the submodule; {_ONLY_BASELINE}",
            )

    def _behind_link(self, path: Path, inside: str, prefix: str, entry: Entry) -> str:
        target = os.fsdecode(self._content(path, entry))
        rest = inside[len(prefix) :]
        joined = posixpath.join(posixpath.dirname(prefix), target) + rest
        there = posixpath.normpath(joined)
        if there.startswith(("/", "../")) or there == "..":
            raise SourceError.at(
                path,
                None,
                f"is reached through the link {prefix!r}, which at commit "
                f"{self.commit[:8]} leads out of the work tree to {target!r}",
                f"put the file itself there; {_ONLY_BASELINE}",
            )
        return "" if there == "." else there

    def _content(self, path: Path, entry: Entry) -> bytes:
        if entry.object_id not in self._contents:
            read = ask_git(self.top, "cat-file", "blob", entry.object_id)
            if not read.done:
                raise SourceError.at(
                    path,
                    None,
                    f"its content at commit {self.commit[:8]} is not in this clone: "
                    f"git says {read.said!r}",
                    f"clone the repository without a filter; {_ONLY_BASELINE}",
                )
            if read.output.startswith(_LARGE_FILE):
                raise SourceError.at(
                    path,
                    None,
                    f"is kept in Git LFS at commit {self.commit[:8]}, so that git "
                    "has a pointer to it and not its content",
                    f"keep text files out of Git LFS; {_ONLY_BASELINE}",
                )
            self._contents[entry.object_id] = read.output
        return self._contents[entry.object_id]


def _entries(listing: bytes) -> Iterator[tuple[str, Entry]]:
    for row in listing.split(b"\0"):
        head, tab, name = row.partition(b"\t")
        if tab:
            mode, _, object_id = head.decode("ascii").split(" ")
            if mode in _KINDS:
                yield os.fsdecode(name), Entry(_KINDS[mode], object_id)


def _posix(path: Path) -> str:
    name = path.as_posix()
    return "" if name == "." else name
