"""A short name for a prompt, for its test function and its case file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = re.compile(r"[/.:\[\]]+")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_A-Za-z]+|\d+")
# What says only that it is a prompt, or where it stands.
_SAYS_NOTHING = frozenset(
    {
        "content",
        "instruction",
        "instructions",
        "j",
        "jinja",
        "md",
        "message",
        "messages",
        "prompt",
        "prompts",
        "src",
        "system",
        "template",
        "templates",
        "text",
        "toml",
        "txt",
        "user",
        "yaml",
        "yml",
    }
)


def name_of(key: str, taken: Iterable[str] = ()) -> str:
    """Name a prompt after its place.

    Args:
        key: The place: ``"shop.prompts:TRIAGE_PROMPT"`` gives ``"triage"``.
        taken: Names that it must not have.

    Returns:
        What can follow ``test_`` in the name of a function; ``"prompt"`` where the
        place says nothing more.
    """
    position = ""
    name = ""
    for piece in reversed(_PIECE.split(re.sub(r"\.jinja2$|\.j2$", "", key))):
        parts = [part.lower() for part in _PART.findall(piece)]
        telling = [part for part in parts if part not in _SAYS_NOTHING]
        if piece.isdecimal():
            position = position or f"_{piece}"
        elif any(not part.isdecimal() for part in telling):
            name = "_".join(telling)
            break
    base = (name or "prompt") + position
    used = set(taken)
    free = (base, *(f"{base}_{number}" for number in range(2, len(used) + 3)))
    return next(each for each in free if each not in used)
