"""What laying out the cases of one page may cost, the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass

MOST_PAIRS = 200_000
"""Pairs of words up to which two replies are compared in their order, some tenths of a
second; of others only what they begin and end with is taken as kept."""


@dataclass(slots=True)
class Effort:
    """What may still be spent: a page is written and opened in seconds.

    Attributes:
        pairs: Pairs of words that may still be looked at.
        blocks: Cases that may still be laid out field by field; the texts of further
            ones are written in one piece, of which a browser has less to build.
        right: How many of them may be cases that are as right as before.
    """

    pairs: int = 4_000_000
    blocks: int = 4_000
    right: int = 500

    def compare(self, pairs: int) -> bool:
        """Take what one comparison costs; ``False`` if that is not there."""
        if pairs > min(MOST_PAIRS, self.pairs):
            return False
        self.pairs -= pairs
        return True

    def lay_out(self, *, right: bool) -> bool:
        """Take one case; ``False`` if no more is to be laid out field by field."""
        if not self.blocks or (right and not self.right):
            return False
        self.blocks -= 1
        self.right -= right
        return True
