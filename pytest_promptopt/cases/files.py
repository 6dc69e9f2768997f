"""The case file on disk: finding it among the roots, and reading it as text."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.cases.rows import fault
from pytest_promptopt.errors import CaseFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_BYTES = 16 * 2**20
"""Largest case file; more would be a mistake, or meant to fill the memory."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def find_case_file(spec: str, roots: Sequence[Path]) -> Path:
    """Return the first root's file of that name.

    Args:
        spec: A path as the user wrote it, absolute or relative to a root.
        roots: Folders, in the order in which they are tried.

    Raises:
        CaseFileError: There is none; the places tried and a name close to it are named.
    """
    tried = list(dict.fromkeys(Path(os.path.normpath(root / spec)) for root in roots))
    if not tried:
        tried = [Path(spec)]
    for path in tried:
        if path.is_file():
            return path
    folders = [path for path in tried if path.is_dir()]
    if folders:
        raise CaseFileError(
            f"cases {spec!r} is a folder: {folders[0]}",
            "name one file in it",
        )
    places = ", ".join(str(path) for path in tried)
    raise CaseFileError(
        f"cases {spec!r} not found; tried {places}", _missing_hint(spec, tried)
    )


def _missing_hint(spec: str, tried: Iterable[Path]) -> str:
    for path in tried:
        if not path.parent.is_dir():
            continue
        names = sorted(entry.name for entry in path.parent.iterdir())
        close = difflib.get_close_matches(path.name, names, n=1)
        if close:
            meant = Path(spec).with_name(close[0]).as_posix()
            return f"did you mean {meant!r}?"
    return "write the path relative to pytest's rootdir or to the test file"


def shown_path(path: Path, roots: Sequence[Path]) -> str:
    """Return how messages call a file: relative to the first root, if it is below."""
    for root in roots[:1]:
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return str(path)


def check_size(path: Path, file: str) -> None:
    """Refuse a file that is too large to be one of cases.

    Args:
        path: The file.
        file: What messages call it.

    Raises:
        CaseFileError: It is larger than :data:`MOST_BYTES`.
    """
    try:
        size = path.stat().st_size
    except OSError:
        return  # reading it will tell
    if size > MOST_BYTES:
        raise fault(
            file,
            f"has {size / 2**20:.1f} MiB; a case file may have {MOST_BYTES // 2**20}",
            "keep fewer cases in it, or give them by a Python function",
        )


def read_case_text(path: Path, file: str) -> str:
    """Return the text of a UTF-8 file, without a byte order mark.

    Args:
        path: The file.
        file: What messages call it.

    Raises:
        CaseFileError: It cannot be read, is too large, or is not UTF-8.
    """
    check_size(path, file)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise fault(
            file, f"cannot be read: {error.strerror}", "check the file's permissions"
        ) from None
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        utf16 = data.startswith(_UTF16_MARKS)
        raise fault(
            f"{file}:{line}",
            f"byte 0x{data[error.start]:02x} at offset {error.start} is not UTF-8",
            "save the file as UTF-8" + (", it is UTF-16 now" if utf16 else ""),
        ) from None
