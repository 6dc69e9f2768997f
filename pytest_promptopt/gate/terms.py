"""The terms of a comparison: fixed before the first reply, the same for both looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOKS = 2
"""How often the gate may look at the replies of one comparison."""

RETRIALS = 5
"""Fresh trials that decide about a ``must_pass`` case after a first failure."""

ROUNDS = 2
"""How often a ``must_pass`` case may be retried before it is given up as unclear."""

RECORDED_TRIALS = 3
"""Trials of each case that a recording makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a comparison is held against.

    Attributes:
        hypotheses: How many edited prompt tests, and limits of theirs, share the error
            rate of the suite (M), at least 1.
        tolerance: Smallest drop that matters, as a share.
        alpha: False alarms that the whole suite may raise, as a share of runs.
        min_score: Floor of the accuracy, in [0, 1].
        limits: Part of the scores to its limit as written, e.g. ``{"tokens": "+10%"}``.
        reference: What is compared with, for messages: ``"the baseline of
            2026-11-20"``, ``"commit 1a2b3c4"``; empty: the baseline and its date.
    """

    hypotheses: int = 1
    tolerance: float = 0.02
    alpha: float = 0.05
    min_score: float | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""

    @property
    def limit(self) -> float:
        """What a p-value is held against at each look: Bonferroni over all looks.

        Where ``must_pass`` cases can fail the build alone, they have a fifth of it, and
        everything else is held against the rest
        (:func:`~pytest_promptopt.gate.must_pass.limit_beside`).
        """
        return self.alpha / (LOOKS * self.hypotheses)


def trials_per_look(cases: int) -> int:
    """Return how many trials of each case a look adds to each arm."""
    return 3 if cases < 100 else 2
