"""Which Python files are worth parsing, told from their bytes.

Parsing takes a hundred times as long as a look at the bytes, and few files of a
repository hold a prompt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.starting.signs import is_prompt_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEXT = (
    rb"(?:[rRbBuUfF]{0,2}[\"']|[(\[{]|(?:textwrap\.)?dedent\(|(?:inspect\.)?cleandoc\()"
)
_EQUALS = rb"[ \t]*(?::[^=\n]{1,80})?=[ \t]*"
_WORDS = (b"prompt", b"instruction", b"system", b"persona")
_NAME_END = re.compile(rb"\w*" + _EQUALS + rb"(?=" + _TEXT + rb")")
_NAME_START = re.compile(rb"[ \t]*\w*")
_ROLE = re.compile(rb"""["']role["']\s*:""")
_ASSIGNED = re.compile(
    rb"^(?:[A-Za-z_]\w*| {4}[A-Z][A-Z0-9_]*)" + _EQUALS + rb"(?=" + _TEXT + rb")",
    re.MULTILINE,
)
_TRIPLE = re.compile(rb"\"\"\"|'''")
_NEXT = re.compile(rb"\n(?=[A-Za-z_@#])")
_ROLE_PLAYED = b"you are "
_BRACED = re.compile(rb"\{(?:\{?-?\s*[a-z_]\w*\s*[}!:|.]|%)")
_SIGN = rb"(?:" + _BRACED.pattern + rb"|" + _ROLE_PLAYED + rb")"
_FIELD = re.compile(_SIGN)
_QUOTED_FIELD = re.compile(rb"[\"'][^\"'\n]*" + _SIGN)
_WORD = re.compile(rb"[a-z\x80-\xff]{2,}")
_FEWEST_WORDS = 5
_LONGEST = 20_000


def may_hold_prompts(file: str, data: bytes) -> bool:
    """Tell whether a Python file may hold a prompt.

    Args:
        file: Its path relative to the project's root.
        data: Its bytes.
    """
    if is_prompt_path(file):
        return True
    lower = data.lower()
    if _holds_messages(lower) or _holds_named(lower):
        return True
    if _ROLE_PLAYED not in lower and not _BRACED.search(lower):
        return False
    return any(map(_is_promising, _values(data)))


def may_hold_local_texts(data: bytes) -> bool:
    """Tell whether a function in a Python file may put a prompt together."""
    lower = data.lower()
    return _holds_messages(lower) or _holds_named(lower)


def _holds_messages(lower: bytes) -> bool:
    return (b'role"' in lower or b"role'" in lower) and bool(_ROLE.search(lower))


def _holds_named(lower: bytes) -> bool:
    return any(
        _is_assigned(lower, start, start + len(word))
        for word in _WORDS
        for start in _places(lower, word)
    )


def _places(lower: bytes, word: bytes) -> Iterator[int]:
    start = lower.find(word)
    while start >= 0:
        yield start
        start = lower.find(word, start + 1)


def _is_assigned(lower: bytes, start: int, end: int) -> bool:
    if not _NAME_END.match(lower, end):
        return False
    line_start = lower.rfind(b"\n", 0, start) + 1
    return _NAME_START.fullmatch(lower, line_start, start) is not None


def _values(data: bytes) -> Iterator[bytes]:
    """Yield roughly what is assigned to the names of modules and classes."""
    for found in _ASSIGNED.finditer(data):
        start = found.end()
        line_end = data.find(b"\n", start)
        line = data[start : line_end if line_end >= 0 else len(data)]
        triple = _TRIPLE.search(line)
        if triple is not None:
            begin = start + triple.end()
            end = data.find(triple[0], begin)
            stop = end if end >= 0 else len(data)
            yield b"'''" + data[begin : min(stop, begin + _LONGEST)]
        elif line[:1] in b"([{" or line.rstrip().endswith((b"(", b"\\")):
            following = _NEXT.search(data, start)
            stop = following.start() if following else len(data)
            yield data[start : min(stop, start + _LONGEST)]
        else:
            yield line


def _is_promising(value: bytes) -> bool:
    lower = value.lower()
    sign = _FIELD if _TRIPLE.search(lower) else _QUOTED_FIELD
    if not sign.search(lower):
        return False
    return sum(1 for _ in _WORD.finditer(lower)) >= _FEWEST_WORDS
