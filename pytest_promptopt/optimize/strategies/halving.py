"""Successive halving: who goes on, and what that costs; no effects.

All that are left are scored on the same next slice of the cases, so that they are
compared on the same evidence; the better half goes on. The few that are left in the end
are scored on all cases.

Source:
    Zhou et al., arXiv:2211.01910 (APE), section 3.2: scores on a small subset first,
    on further ones that do not overlap for those that did well, averaged. The rule by
    halves: Jamieson, Talwalkar, "Non-stochastic Best Arm Identification and
    Hyperparameter Optimization", AISTATS 2016.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FINALISTS = 4
"""So many are scored on all cases."""

LEAST_SLICE = 5
"""Fewest cases of a slice."""

SLICES = 8
"""A slice is so small a part of the cases, if that is not fewer than the least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of a halving.

    Attributes:
        candidates: How many take part.
        cases: How many cases, counted from the first, they have been scored on behind
            it.
    """

    candidates: int
    cases: int


def rounds(candidates: int, cases: int) -> tuple[Round, ...]:
    """Return the rounds of a halving; the last one is on all cases.

    Args:
        candidates: How many there are to begin with, at least 0.
        cases: How many cases there are, at least 1.

    Returns:
        None for no candidates, and one for the few that need no halving.
    """
    if not candidates:
        return ()
    planned = []
    size, seen = max(LEAST_SLICE, math.ceil(cases / SLICES)), 0
    while candidates > FINALISTS and seen + size < cases:
        seen += size
        planned.append(Round(candidates=candidates, cases=seen))
        candidates = max(FINALISTS, math.ceil(candidates / 2))
    return (*planned, Round(candidates=candidates, cases=cases))


def cost(candidates: int, cases: int) -> int:
    """Return the trials that a halving takes: one for each candidate and case."""
    total, before = 0, 0
    for entry in rounds(candidates, cases):
        total += entry.candidates * (entry.cases - before)
        before = entry.cases
    return total


def most_candidates(trials: int, cases: int, *, at_most: int) -> int:
    """Return how many candidates a halving can begin with.

    Args:
        trials: What it may cost, counting one for each candidate and case and one for
            the request that each candidate takes.
        cases: How many cases there are.
        at_most: The largest answer.
    """
    fitting = (n for n in range(at_most, 0, -1) if n + cost(n, cases) <= trials)
    return next(fitting, 0)
