"""Lists as models write them: JSON, one item a line, or separated by commas."""

from __future__ import annotations

import re
from typing import Any

from pytest_promptopt.records import canonical_json
from pytest_promptopt.records.strict_json import read_json

_BULLET = re.compile(r"[-*+\u2022]\s+|\(?[0-9]{1,3}[.)]\s+")
_OUTER = " \t\r\n\"'`*_\u201c\u201d\u2018\u2019"


def items_in(text: str, separator: str | None = None) -> tuple[str, ...]:
    """Return the items of a list that is written as a text.

    Args:
        text: A JSON list; else lines, if there are several, without bullets and
            numbers; else what commas or semicolons separate.
        separator: What separates the items instead.

    Returns:
        The items without outer blanks, quotes and emphasis; none is empty.
    """
    if separator is not None:
        return _bare(text.split(separator))
    listed = _json_list(text)
    if listed is not None:
        return _bare([item_text(entry) for entry in listed])
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        return _bare([_without_bullet(line).rstrip(" \t\r,;") for line in lines])
    return _bare(re.split("[,;]", _without_bullet(text).rstrip(" \t\r\n.")))


def _without_bullet(line: str) -> str:
    line = line.lstrip()
    bullet = _BULLET.match(line)
    return line if bullet is None else line[bullet.end() :]


def item_text(value: Any) -> str:
    """Return an item of a JSON list as text; what is no text as JSON writes it."""
    return value if isinstance(value, str) else canonical_json(value)


def _json_list(text: str) -> list[Any] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        value = read_json(text.strip())
        return value if isinstance(value, list) else None
    except ValueError:
        return None


def _bare(items: list[str]) -> tuple[str, ...]:
    bare = (item.strip(_OUTER) for item in items)
    return tuple(item for item in bare if item)
