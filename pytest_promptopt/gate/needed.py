"""What would settle a comparison that two looks have left open.

Say that the drop which was seen is the true one. Then the gate fails the prompt as soon
as the observed drop clears three hurdles: the stratified test, the sign flips of whole
cases, and the tolerance. How far an observed drop strays from the true one, and how
high the first two hurdles are, follows from two variances that the comparison itself
shows: that of a reply around its case's mean, and that of the cases' own differences.

More trials of each case shrink the first of them only. Where the edit makes about as
many cases better as worse, the second one keeps the sign flips above their limit
whatever the number of trials; then only more cases help. Between half the tolerance and
the tolerance the gate neither fails nor passes, and nothing helps.

Source:
    The power formula of :mod:`pytest_promptopt.stats.power` (reference note A.3), with
    the spread of the cases' differences as it was seen and not as a drop that sits in a
    few cases would have it. For more cases that spread counts in the observed drop,
    too: they are other cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_promptopt import stats
from pytest_promptopt.gate.comparison import trial_variance
from pytest_promptopt.gate.finding import ROUNDING, SIGN_FLIP_LIMIT
from pytest_promptopt.gate.terms import LOOKS, trials_per_look
from pytest_promptopt.records import Needed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_promptopt.gate.comparison import Comparison

POWER = 0.8
"""Share of runs in which what is named would do."""

MOST_TIMES = 100
"""No more cases are named than so many times those there are."""

MOST_CASES = 20_000
MOST_TRIALS = 50
"""Larger numbers are not worth naming."""

# Fewer whole cases than this never get below the limit of the sign flips.
_FEWEST_FLIPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What a comparison shows of its drop, and of what the drop strays by.

    Attributes:
        drop: The drop that was seen, as a share, above 0.
        within: Variance of one reply around its case's mean.
        between: Mean square of the cases' own differences, without that of the replies.
        share: Effective cases in each case, in (0, 1]: below 1 for unequal weights.
    """

    drop: float
    within: float
    between: float
    share: float

    def settles(
        self, cases: int, trials: int, *, limit: float, tolerance: float, other: bool
    ) -> bool:
        """Return whether the gate would mostly fail a drop of this size.

        Args:
            cases: How many there are.
            trials: Trials of each case and arm.
            limit: What the stratified p is held against.
            tolerance: Smallest drop that fails, as a share.
            other: Whether these are other cases than those that were compared.
        """
        count, noise = cases * self.share, 2 * self.within / trials
        strays = noise + (self.between - self.drop**2 if other else 0.0)
        quantile = NormalDist().inv_cdf
        spare = self.drop - quantile(POWER) * math.sqrt(strays / count)
        dealt = noise + self.between / (2 * trials - 1)
        stratified = quantile(1 - limit) * math.sqrt(dealt / count)
        flipped = noise + self.between
        flips = quantile(1 - SIGN_FLIP_LIMIT) * math.sqrt(flipped / count)
        whole_cases = count * self.drop**2 / self.between
        return (
            spare >= max(stratified, flips, tolerance) - ROUNDING
            and whole_cases >= _FEWEST_FLIPS - ROUNDING
        )


def spread(compared: Comparison) -> Spread:
    """Return what a comparison with a drop shows; it has at least one pair."""
    weights = compared.weights
    scores = [
        (arm, pair.case.weight)
        for pair in compared.pairs
        for arm in (pair.old, pair.new)
    ]
    within = trial_variance(scores)
    squares = [weight * weight for weight in weights]
    seen = stats.weighted_mean(
        [(pair.now - pair.was) ** 2 for pair in compared.pairs], squares
    )
    noise = within * stats.weighted_mean(
        [1 / len(pair.old) + 1 / len(pair.new) for pair in compared.pairs], squares
    )
    return Spread(
        drop=compared.drop,
        within=within,
        # All cases may differ by the drop itself, and by no less.
        between=max(seen - noise, compared.drop**2),
        share=stats.effective_cases(weights) / len(weights),
    )


def what_settles(
    compared: Comparison,
    *,
    limit: float,
    tolerance: float,
    calls_per_trial: float = 1.0,
    cost_per_call: float | None = None,
) -> Needed | None:
    """Return how many cases, or trials of each, would settle a comparison.

    Args:
        compared: What two looks have left open.
        limit: What the stratified p is held against at each look.
        tolerance: Smallest drop that fails, as a share.
        calls_per_trial: Model calls that one trial takes, a judge's included.
        cost_per_call: What a call costs, in US dollars; ``None``: not known.

    Returns:
        The smallest numbers with which the gate would decide in four of five runs if
        the drop is as large as it looks; ``None`` without a drop to be settled.
    """
    if not compared.pairs or compared.drop <= 0.0:
        return None
    now = len(compared.pairs)
    settles = partial(spread(compared).settles, limit=limit, tolerance=tolerance)
    cases = _least_cases(settles, now)
    trials = _least(
        lambda number: settles(now, number, other=False),
        compared.trials + 1,
        MOST_TRIALS,
    )
    arms, price = 2 * calls_per_trial, cost_per_call
    cases_calls = round(arms * cases * _trials(cases)) if cases else 0
    trials_calls = round(arms * now * trials) if trials else 0
    return Needed(
        cases=cases,
        trials=trials,
        cases_calls=cases_calls,
        trials_calls=trials_calls,
        cases_cost=None if price is None else price * cases_calls,
        trials_cost=None if price is None else price * trials_calls,
    )


def _least_cases(settles: Callable[..., bool], now: int) -> int | None:
    found = _least(
        lambda number: settles(number, _trials(number), other=True),
        now + 1,
        min(MOST_CASES, MOST_TIMES * now),
    )
    return None if found is None else _rounded(found)


def _trials(cases: int) -> int:
    """Return how many trials of each case the gate makes in each arm."""
    return LOOKS * trials_per_look(cases)


def _least(does: Callable[[int], bool], least: int, most: int) -> int | None:
    """Return the smallest number that does, where larger ones do as well."""
    if most < least or not does(most):
        return None
    low, high = least, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if does(middle) else (middle + 1, high)
    return low


def _rounded(number: int) -> int:
    """Round up to two digits: more of them would promise too much."""
    unit = int(10 ** max(0, len(str(number)) - 2))
    return -(-number // unit) * unit
