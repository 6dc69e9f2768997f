"""The README's fenced blocks, and whether printed text is what they show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:<!-- (.+?) -->\n)?```(\w+)\n(.*?)```\n", re.DOTALL)


def blocks() -> Iterator[tuple[str, str, str]]:
    """Yield each fenced block: the comment before it, its language, its text."""
    yield from BLOCK.findall(README)


def block(comment: str) -> str:
    """Return the text of the block with a comment before it."""
    return next(text for found, _, text in blocks() if found == comment)


def matches(lines: list[str], patterns: list[str]) -> bool:
    """Match lines against patterns; ``...`` stands for any lines, ``*`` within one."""
    if not patterns:
        return not lines
    if patterns[0] == "...":
        return any(matches(lines[n:], patterns[1:]) for n in range(len(lines) + 1))
    if not lines:
        return False
    pattern = patterns[0].replace("[", "[[]")
    return fnmatchcase(lines[0], pattern) and matches(lines[1:], patterns[1:])


def shows(comment: str, printed: str) -> bool:
    """Return whether a block stands somewhere in what was printed."""
    lines = [line.rstrip() for line in printed.splitlines()]
    return matches(lines, ["...", *block(comment).splitlines(), "..."])
