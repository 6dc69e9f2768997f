"""How a place inside a file is spelt: ``triage.messages[0]``, ``PROMPTS[triage]``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Steps = tuple[str, ...]
"""The way from the top of a file to a value: names of entries, positions in lists."""

_STEP = re.compile(r"\.?(?P<name>[\w-]+)|\[(?P<entry>[^\[\]]+)\]")
_BARE = re.compile(r"[\w-]+")


def read_steps(written: str) -> Steps | None:
    """Read a way into a file.

    Args:
        written: Names joined by dots; a position in a list, or a name with other
            characters than letters, digits, ``_`` and ``-``, stands in brackets.

    Returns:
        The steps, positions as their digits; ``None`` if it is not spelt like that.
    """
    steps: list[str] = []
    at = 0
    while at < len(written):
        match = _STEP.match(written, at)
        if match is None or (written[at] == ".") != (
            bool(steps) and not match["entry"]
        ):
            return None
        steps.append(match["name"] or match["entry"])
        at = match.end()
    return tuple(steps) or None


def spelt(steps: Sequence[str]) -> str:
    """Spell a way into a file so that :func:`read_steps` reads it."""
    parts: list[str] = []
    for step in steps:
        if step.isdecimal() or not _BARE.fullmatch(step):
            parts.append(f"[{step}]")
        else:
            parts.append(f".{step}" if parts else step)
    return "".join(parts)


def in_brackets(steps: Sequence[str]) -> str:
    """Spell steps as they follow the name of a Python constant."""
    return "".join(f"[{step}]" for step in steps)
