"""The files of a project that are worth looking at."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.git.listing import listed_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_BYTES = 512 * 1024
"""Largest file that is looked into: a prompt is no data set."""

_FOREIGN = frozenset(
    {
        "__pycache__",
        "__prompt_baselines__",
        "bower_components",
        "build",
        "dist",
        "env",
        "node_modules",
        "site-packages",
        "third_party",
        "vendor",
        "venv",
        "virtualenv",
    }
)
_TESTS = frozenset({"test", "tests", "testing"})
_TEST_FILE = re.compile(r"(?:test_.*|.*_test|conftest)\.py")


def files_below(folder: Path) -> list[str]:
    """List the files of a project, without hidden and installed ones.

    Git is asked, so that what it ignores is left out; where there is no git, or it
    lists nothing, the disk is walked.

    Returns:
        Paths relative to the folder, with ``/``, in alphabetical order.
    """
    # Untracked files too, since a prompt may be as new as its test.
    listed = listed_files(folder) or _of_disk(folder)
    folders: dict[str, bool] = {}
    return sorted(file for file in listed if _is_own(folder, file, folders))


def is_test(file: str) -> bool:
    """Tell whether a file belongs to the tests."""
    *folders, name = file.split("/")
    return not _TESTS.isdisjoint(folders) or _TEST_FILE.fullmatch(name) is not None


def read(path: Path) -> bytes | None:
    """Return the bytes of a text file; ``None`` of anything else.

    Links, large files and files with a null byte, which no text has, are left out.
    """
    try:
        state = path.lstat()
        if not stat.S_ISREG(state.st_mode) or state.st_size > MOST_BYTES:
            return None
        data = path.read_bytes()
    except OSError:  # e.g. it is listed by git and deleted, or not ours to read
        return None
    return None if b"\0" in data else data


def _of_disk(top: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if not _is_foreign(name)]
        within = Path(folder).relative_to(top)
        yield from ((within / name).as_posix() for name in files)


def _is_own(top: Path, file: str, known: dict[str, bool]) -> bool:
    folder, _, name = file.rpartition("/")
    return name[0] != "." and _is_own_folder(top, folder, known)


def _is_own_folder(top: Path, folder: str, known: dict[str, bool]) -> bool:
    if not folder:
        return True
    if folder not in known:
        above, _, name = folder.rpartition("/")
        known[folder] = (
            _is_own_folder(top, above, known)
            and not _is_foreign(name)
            and not (top / folder / "pyvenv.cfg").exists()
        )
    return known[folder]


def _is_foreign(name: str) -> bool:
    return name[0] == "." or name in _FOREIGN


def with_suffix(files: Iterable[str], *suffixes: str) -> list[str]:
    """Return the files of some kinds; suffixes are compared in lower case."""
    return [file for file in files if file.lower().endswith(suffixes)]
