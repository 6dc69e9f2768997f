"""Which files of a project a copy of it has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.git.listing import listed_files

if TYPE_CHECKING:
    from collections.abc import Iterator

# Never worth a copy, or wrong in one: Python would take old byte code for new.
_NEVER = frozenset({".git", ".promptopt", "__pycache__"})
_WITHOUT_GIT = frozenset(
    {
        ".cache",
        ".eggs",
        ".hg",
        ".hypothesis",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        "node_modules",
    }
)


def project_files(root: Path) -> tuple[str, ...]:
    """List the files and links that a project's own tree consists of.

    Those that git does not ignore; where git lists none, all but caches, virtual
    environments and installed packages.

    Args:
        root: The project's folder, absolute, links followed.

    Returns:
        Paths relative to it, in alphabetical order; names need not be UTF-8.
    """
    found: set[str] = set()
    for name in listed_files(root):
        if _NEVER.isdisjoint(name.split("/")):
            # A submodule, or another repository, is listed by its folder.
            found.update(_below(root, name.rstrip("/")))
    return tuple(sorted(found or _below(root, "")))


def _below(root: Path, name: str) -> Iterator[str]:
    """Yield a file, or the files below a folder."""
    top = root / name if name else root
    if top.is_symlink() or not top.is_dir():
        if os.path.lexists(top):  # git lists deleted files, too
            yield name
        return
    for folder, folders, files in os.walk(top):
        within = os.path.relpath(folder, root)
        start = "" if within == "." else f"{Path(within).as_posix()}/"
        links = [each for each in folders if (Path(folder) / each).is_symlink()]
        folders[:] = [
            each
            for each in folders
            if each not in links and not _is_left_out(Path(folder) / each)
        ]
        for file in (*files, *links):
            if file not in _NEVER:  # a submodule has a file .git
                yield start + file


def _is_left_out(folder: Path) -> bool:
    return (
        folder.name in _NEVER
        or folder.name in _WITHOUT_GIT
        or (folder / "pyvenv.cfg").exists()
    )
