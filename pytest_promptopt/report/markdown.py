"""Text of others within Markdown, where it must not become structure."""

from __future__ import annotations

import re


def code(text: str) -> str:
    """Return a text as a code span that is safe in a table's cell, too."""
    # Within a code span of a cell only these would break out.
    shown = text.replace("`", "'").replace("|", "/")
    return f"`{' '.join(shown.split())}`"


def plain(text: str) -> str:
    """Return a text whose characters all stand for themselves."""
    return re.sub(r"([\\`*_{}\[\]<>|@#!])", r"\\\1", " ".join(text.split()))


def fenced(text: str, language: str, *, most: int) -> str:
    """Return a text as a block of code.

    Args:
        text: The text.
        language: What is written beside the fence.
        most: Characters that are shown of it.
    """
    shown = text if len(text) <= most else text[:most] + "\n(shortened)\n"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown.rstrip()}\n{fence}"
