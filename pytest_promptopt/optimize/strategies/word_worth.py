"""What texts are worth by their words, learned from a few noisy ratings of others.

The best of many texts that were rated on eight cases each is the luckiest more often
than the best. A text whose words did well in other texts, too, is less so.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.scorers.similarity import units_of

if TYPE_CHECKING:
    from collections.abc import Sequence

PRIOR = 2.0
"""Texts that each word is taken to have been in without any effect."""

_SWEEPS = 20


class WordWorth:
    """A rating is taken for a common part and a sum over the words of a text.

    Args:
        texts: What was rated.
        ratings: One for each, in [-1, 1].

    Source:
        Hoerl and Kennard, "Ridge regression: biased estimation for nonorthogonal
        problems", Technometrics 12, 1970; solved word by word, in a fixed order.
    """

    def __init__(self, texts: Sequence[str], ratings: Sequence[float]) -> None:
        self._common = math.fsum(ratings) / len(ratings) if ratings else 0.0
        self._worth: dict[str, float] = {}
        holding: dict[str, list[int]] = {}
        for index, text in enumerate(texts):
            for word in _words(text):
                holding.setdefault(word, []).append(index)
        left = [rating - self._common for rating in ratings]
        for _ in range(_SWEEPS):
            for word, indices in holding.items():
                old = self._worth.get(word, 0.0)
                explained = sum(left[index] + old for index in indices)
                new = explained / (len(indices) + PRIOR)
                self._worth[word] = new
                for index in indices:
                    left[index] += old - new

    def of(self, text: str) -> float:
        """Return what a text is taken to be worth, in [-1, 1]; 0 without ratings."""
        found = sum(self._worth.get(word, 0.0) for word in _words(text))
        # The last bits must not decide which of two equal texts comes first.
        return round(min(1.0, max(-1.0, self._common + found)), 9)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(units_of(text, "words", ignore_case=True)))
