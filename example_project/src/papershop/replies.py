"""The last look at a reply before it goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WORDS = 180


def objections(draft: str, ask_tone: Callable[[str], str]) -> list[str]:
    """Return what a colleague should change before the draft is sent.

    Args:
        draft: The reply as written.
        ask_tone: Sends the ``TONE`` prompt for a draft and returns the answer.
    """
    found = []
    if len(draft.split()) > MAX_WORDS:
        found.append("too long")
    if ask_tone(draft).strip().lower() == "curt":
        found.append("curt")
    return found
