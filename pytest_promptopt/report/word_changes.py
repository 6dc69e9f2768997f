"""How many words of a text a rewrite adds and removes, counted by us."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_COMPARED = 2_000
"""Words of a text up to which it is compared word by word, in its order."""


@dataclass(frozen=True, slots=True)
class WordChange:
    """What a rewrite does to a text, in words.

    Attributes:
        before: Words before.
        after: Words after.
        added: Words that are new.
        removed: Words that are gone.
    """

    before: int
    after: int
    added: int
    removed: int

    def __str__(self) -> str:
        return (
            f"{self.before} -> {self.after} words: {self.added} added, "
            f"{self.removed} removed"
        )


def word_change(old: str, new: str) -> WordChange:
    """Compare two texts word by word.

    A word that moves counts as removed and added. Of longer texts than
    :data:`MOST_COMPARED` words the order is not looked at.
    """
    before, after = old.split(), new.split()
    if max(len(before), len(after)) > MOST_COMPARED:
        kept = _shared(before, after)
    else:
        matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
        kept = sum(block.size for block in matcher.get_matching_blocks())
    return WordChange(
        before=len(before),
        after=len(after),
        added=len(after) - kept,
        removed=len(before) - kept,
    )


def changed_texts(
    old: Mapping[str, str], new: Mapping[str, str]
) -> list[tuple[str, WordChange]]:
    """Return the addresses whose texts differ, with what happened to them."""
    return [
        (address, word_change(old.get(address, ""), text))
        for address, text in new.items()
        if text != old.get(address)
    ]


def _shared(before: list[str], after: list[str]) -> int:
    left: dict[str, int] = {}
    for word in before:
        left[word] = left.get(word, 0) + 1
    kept = 0
    for word in after:
        if left.get(word, 0):
            left[word] -= 1
            kept += 1
    return kept
