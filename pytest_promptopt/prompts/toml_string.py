"""String values of TOML: their look, and new ones that look alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import tomli

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENING = re.compile(r"\"\"\"|'''|\"|'")
_ESCAPES = {"\\": "\\\\", "\x08": "\\b", "\x0c": "\\f", "\r": "\\r"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_QUOTES = re.compile(r'"{3,}|"+\Z')


def opening_of(written: str) -> str:
    """Return the quotes that a string value starts with."""
    match = _OPENING.match(written)
    if match is None:  # the value was found as a string, so this is not reached
        raise ValueError(f"not a TOML string: {written[:20]!r}")
    return match[0]


def starts_on_next_line(written: str) -> bool:
    """Tell whether the text starts on the line behind the quotes."""
    opening = opening_of(written)
    return len(opening) == 3 and written[3:5].startswith(("\n", "\r\n"))


def toml_strings(written: str, text: str) -> Iterator[str]:
    r"""Yield ways to write a text as a string value, the most alike first.

    Args:
        written: The value as it stands, whose kind is kept where it can hold the text;
            text of several lines gets the tripled quotes.
        text: The new text.
    """
    opening = opening_of(written)
    quote = opening[0]
    triple = len(opening) == 3 or "\n" in text
    quotes = quote * 3 if triple else quote
    # Of the first line break behind tripled quotes nothing is read.
    lead = "\n" if triple and (starts_on_next_line(written) or text[:1] == "\n") else ""
    if quote == "'":
        yield f"{quotes}{lead}{text}{quotes}"
        quotes = '"' * len(quotes)
    yield f"{quotes}{lead}{_escaped(text, triple=triple)}{quotes}"


def reads_as(written: str, text: str) -> bool:
    """Tell whether a written value is one string, and stands for a text."""
    try:
        return tomli.loads(f"value = {written}\n") == {"value": text}
    except ValueError:
        return False


def _escaped(text: str, *, triple: bool) -> str:
    escaped = text.replace("\\", "\\\\")
    if triple:
        escaped = _QUOTES.sub(lambda match: '\\"' * len(match[0]), escaped)
    else:
        escaped = escaped.replace('"', '\\"')
    return _CONTROL.sub(
        lambda match: _ESCAPES.get(match[0], f"\\u{ord(match[0]):04x}"), escaped
    )
