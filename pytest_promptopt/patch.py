r"""Edits of files -> one unified diff that ``git apply`` takes byte-exactly.

Everything is done in bytes: git ends lines at ``\n`` only, so a carriage return, a
form feed or a U+2028 is an ordinary byte of its line.
"""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import PatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_promptopt.records import Edit

_CONTEXT_LINES = 3
_LETTER_ESCAPES = {
    0x07: "\\a",
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0B: "\\v",
    0x0C: "\\f",
    0x0D: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}


def unified_diff(
    edits: Iterable[Edit], *, read: Callable[[Path], bytes], top: Path
) -> bytes:
    """Write edits as one diff.

    Args:
        edits: Edits of any files, in any order. One that is given twice counts once.
        read: Returns the bytes of a file as it is now.
        top: Top folder of the git work tree; paths in the diff are relative to it.

    Returns:
        The diff, files sorted by path; the same bytes for the same edits. Empty if no
        file changes.

    Raises:
        PatchError: A file is gone, has changed since the edit was made or is not
            below ``top``; two edits overlap; or the result is not UTF-8.
    """
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    named = {_relative(Path(path), top): path for path in by_path}
    diffs = []
    for name in sorted(named):
        path = Path(named[name])
        old = _read(path, read)
        diffs.append(_file_diff(name, old, apply_edits(old, by_path[named[name]])))
    return b"".join(diffs)


def _read(path: Path, read: Callable[[Path], bytes]) -> bytes:
    try:
        return read(path)
    except OSError as error:
        raise PatchError(
            f"{path}: cannot be read any more: {error.strerror}",
            "restore the file and run the search again",
        ) from None


def _relative(path: Path, top: Path) -> str:
    for file, folder in ((path, top), (path.resolve(), top.resolve())):
        if file.is_relative_to(folder):
            relative = file.relative_to(folder)
            if ".git" not in relative.parts and ".." not in relative.parts:
                return relative.as_posix()
    raise PatchError(
        f"{path}: is not in the git work tree {str(top)!r}",
        "keep the prompt in the repository that the tests are in",
    )


def apply_edits(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Return a file's bytes with edits made; the bytes between them stay as they are.

    Args:
        data: The bytes of the file that the edits were made for.
        edits: In any order; one that is given twice counts once.

    Raises:
        PatchError: The bytes are not those that the edits were made for, two edits
            overlap or leave the file, or the result is not UTF-8.
    """
    in_order = sorted(set(edits), key=lambda e: (e.start, e.end, e.replacement))
    found = hashlib.sha256(data).hexdigest()
    parts = []
    position = 0
    last: Edit | None = None
    for edit in in_order:
        if edit.sha256 != found:
            raise PatchError(
                f"{edit.path}: the file has changed since it was read",
                "run the search again; replies it already has are not paid for twice",
            )
        if not 0 <= edit.start <= edit.end <= len(data):
            raise PatchError(
                f"{edit.path}: bytes {edit.start} to {edit.end} are not in the file, "
                f"which has {len(data)}",
                "report this as a defect of the prompt's source adapter",
            )
        if last is not None and (edit.start < last.end or edit.start == last.start):
            raise PatchError(
                f"{edit.path}: two edits overlap, of bytes {last.start} to {last.end} "
                f"and {edit.start} to {edit.end}",
                "keep one of the two proposals",
            )
        parts += [data[position : edit.start], _encoded(edit)]
        position, last = edit.end, edit
    result = b"".join([*parts, data[position:]])
    if last is not None:
        _check_text(result, last.path)
    return result


def _encoded(edit: Edit) -> bytes:
    try:
        return edit.replacement.encode("utf-8")
    except UnicodeEncodeError as error:
        raise PatchError(
            f"{edit.path}: the new text has {edit.replacement[error.start]!r}, which "
            "UTF-8 cannot hold",
            "leave it out",
        ) from None


def _check_text(data: bytes, path: str) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PatchError(
            f"{path}: byte {error.start} of the edited file is not UTF-8",
            "save the file as UTF-8 and run the search again",
        ) from None


def _file_diff(name: str, old: bytes, new: bytes) -> bytes:
    if old == new:
        return b""
    parts = [b"--- ", _quoted("a/" + name), b"\n+++ ", _quoted("b/" + name), b"\n"]
    before, after = _lines(old), _lines(new)
    # autojunk would treat frequent lines of a long file as noise.
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT_LINES):
        first, last = group[0], group[-1]
        removed, added = _range(first[1], last[2]), _range(first[3], last[4])
        parts.append(f"@@ -{removed} +{added} @@\n".encode())
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                parts += [_line(b" ", line) for line in before[old_start:old_end]]
                continue
            parts += [_line(b"-", line) for line in before[old_start:old_end]]
            parts += [_line(b"+", line) for line in after[new_start:new_end]]
    return b"".join(parts)


def _lines(data: bytes) -> list[bytes]:
    *lines, rest = data.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


def _line(sign: bytes, line: bytes) -> bytes:
    if line.endswith(b"\n"):
        return sign + line
    return sign + line + b"\n\\ No newline at end of file\n"


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return f"{start + 1}"
    # An empty range is named by the line before it.
    return f"{start + 1 if length else start},{length}"


def _quoted(name: str) -> bytes:
    """Return a path as git writes it in a diff's header."""
    data = name.encode("utf-8", "surrogateescape")
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in data):
        # The tab ends the name: GNU patch would stop at the first space.
        return data + (b"\t" if b" " in data else b"")
    escaped = "".join(_escape(byte) for byte in data)
    return f'"{escaped}"'.encode("ascii")


def _escape(byte: int) -> str:
    if byte in _LETTER_ESCAPES:
        return _LETTER_ESCAPES[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
