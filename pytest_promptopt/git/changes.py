"""What another branch changed since it left HEAD's history: names, modes, contents."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.errors import SettingError
from pytest_promptopt.git.asking import Answer, ask_git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind = Literal["file", "link", "submodule", "deleted"]

_KINDS: dict[str, Kind] = {
    "100644": "file",
    "100755": "file",
    "120000": "link",
    "160000": "submodule",
    "000000": "deleted",
}


MOST_CHANGES = 3000
"""As many as GitHub shows of a pull request; more would only keep a job busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A path at which a branch differs from the commit where it left HEAD's history.

    Attributes:
        path: From the top of the work tree, with ``/``; whatever the branch calls it.
        kind: What the branch has there.
        object_id: Id of the content that the branch has there; zeros if deleted.
        size: Bytes of that content; 0 if it is no file.
        also_here: Whether HEAD's history has changed the path too, to something else.
    """

    path: str
    kind: Kind
    object_id: str
    size: int
    also_here: bool


def changes_of(top: Path, commit: str) -> tuple[FileChange, ...]:
    """Compare a commit with the one where it and HEAD parted.

    Args:
        top: The top of the work tree.
        commit: Full id of a commit that is in this clone.

    Returns:
        What it changed, by path. Renames are a deletion and a new file.

    Raises:
        SettingError: The commit is not here, shares no commit with HEAD, or changes
            more than :data:`MOST_CHANGES` files.
    """
    present = ask_git(top, "cat-file", "-e", f"{commit}^{{commit}}")
    if not present.done:
        raise SettingError(
            f"commit {commit} is not in this clone",
            f"fetch it before: git fetch --no-tags origin {commit}",
        )
    parted = ask_git(top, "merge-base", "HEAD", commit)
    if not parted.done:
        raise SettingError(
            f"HEAD and commit {commit} have no common commit in this clone",
            "fetch the whole history: fetch-depth: 0 for actions/checkout, and no "
            "--depth for git fetch",
        )
    base = parted.line
    there = list(_between(top, base, commit))
    if len(there) > MOST_CHANGES:
        raise SettingError(
            f"commit {commit} changes {len(there):,} files, more than {MOST_CHANGES:,}",
            "split the change, or run the tests on a branch of the repository",
        )
    here = {path: object_id for path, _, object_id in _between(top, base, "HEAD")}
    return tuple(
        FileChange(
            path=path,
            kind=kind,
            object_id=object_id,
            size=_size(top, object_id) if kind == "file" else 0,
            also_here=here.get(path, object_id) != object_id,
        )
        for path, kind, object_id in there
    )


def content(top: Path, change: FileChange) -> bytes:
    """Return the bytes of a changed file as the branch stores them.

    Raises:
        SettingError: They are not in this clone.
    """
    return _done(ask_git(top, "cat-file", "blob", change.object_id)).output


def tracked(top: Path) -> frozenset[str]:
    """Return the files that HEAD has, from the top of the work tree, with ``/``."""
    command = ("ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD")
    listed = _done(ask_git(top, *command)).output.split(b"\0")
    return frozenset(os.fsdecode(name) for name in listed if name)


def is_clean(top: Path) -> bool:
    """Tell whether the tracked files of the work tree are those of HEAD."""
    command = ("status", "--porcelain", "-z", "--untracked-files=no")
    return not _done(ask_git(top, *command)).output


def _between(top: Path, old: str, new: str) -> Iterator[tuple[str, Kind, str]]:
    command = ("diff-tree", "-r", "-z", "--no-renames", "--raw", old, new, "--")
    fields = _done(ask_git(top, *command)).output.split(b"\0")
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, object_id, _ = head.decode("ascii").split(" ")
        yield os.fsdecode(path), _KINDS.get(mode, "link"), object_id


def _size(top: Path, object_id: str) -> int:
    return int(_done(ask_git(top, "cat-file", "-s", object_id)).line)


def _done(answer: Answer) -> Answer:
    if not answer.done:
        raise SettingError(
            f"git cannot read the repository: it says {answer.said!r}",
            "clone it with all its objects (no filter, fetch-depth: 0)",
        )
    return answer
