"""The edit budget: how many words a new text may differ by, step by step.

It plays the part of a learning rate: large changes first, small ones at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_promptopt.prompts.word_distance import word_distance

SCHEDULES = ("none", "fixed", "linear", "cosine")

_ROUNDING = 1e-9
"""What a whole number may have lost to floating point before it is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditBudget:
    """How many words may change in each step of a search.

    Attributes:
        schedule: ``"cosine"`` and ``"linear"`` fall from the first number to the last
            one, ``"fixed"`` stays at the first, ``"none"`` sets no limit.
        first: Words where it starts, at least 1.
        last: Words where it ends, from 1 to ``first``.
        warm_up: Steps in which it rises evenly from 0 to the first number, before it
            begins to fall; at least 0.
    """

    schedule: str = "cosine"
    first: int = 50
    last: int = 10
    warm_up: int = 0

    def words(self, step: int, steps: int) -> int | None:
        """Return how many words may change in one step.

        Args:
            step: From 1 to ``steps``; a later one is taken for the last.
            steps: How many steps there are, at least 1.

        Returns:
            At least 1; ``None``: any number.

        Source:
            Tang et al., arXiv:2402.17564, Table 3 (the schedules); the formulas and
            the cutting off: the authors' released code.
        """
        if self.schedule == "none":
            return None
        at, warm_up = min(step, steps), min(self.warm_up, steps - 1)
        if at < warm_up:
            words = self.first * at / warm_up
        else:
            words = self._falling((at - warm_up) / (steps - warm_up))
        return max(1, int(words + _ROUNDING))

    def _falling(self, share: float) -> float:
        """Return the words after some share of the fall, in [0, 1]."""
        fall = self.first - self.last
        if self.schedule == "cosine":
            return self.last + fall * (1 + math.cos(math.pi * share)) / 2
        return self.first - (fall * share if self.schedule == "linear" else 0)


def differ_by_more(old: str, new: str, words: int) -> bool:
    """Tell whether two texts differ by more than some number of words."""
    if abs(len(old.split()) - len(new.split())) > words:
        return True  # and a text of ten thousand words is not compared word by word
    return word_distance(old, new) > words
