"""What a suite of this size can show: printed beside every verdict."""

from __future__ import annotations

import math
from statistics import NormalDist, fmean, variance
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_POWER = 0.8
# Fewer flipped cases pass the sign-flip clause at no p-value.
_FEWEST_FLIPS = 3


def within_case_variance(
    trials: Sequence[Sequence[float]], weights: Sequence[float] | None = None
) -> float:
    """Mean variance of a single score around its own case's mean.

    Args:
        trials: Scores of each case, in [0, 1].
        weights: One per case, above 0; all equal if left out. A case counts with the
            square of its weight, as it does in the variance of a weighted mean.

    Returns:
        A variance, at most 0.25. If no case has two scores there is nothing to
        estimate it from, and the largest possible at this accuracy is returned; 0.0
        without any score.

    Source:
        Miller, arXiv:2411.00640, section 3.1 (conditional variance).
    """
    shares = [1.0] * len(trials) if weights is None else weights
    repeated = [
        (variance(scores), share * share)
        for scores, share in zip(trials, shares, strict=True)
        if len(scores) >= 2
    ]
    if repeated:
        total = math.fsum(share for _, share in repeated)
        return math.fsum(value * share for value, share in repeated) / total
    means = [fmean(scores) for scores in trials if scores]
    return fmean(means) * (1 - fmean(means)) if means else 0.0


def smallest_detectable_drop(
    n: float,
    *,
    variance: float,
    trials: int,
    alpha: float,
    tolerance: float = 0.02,
) -> float:
    """Smallest drop that the gate would find in four of five runs.

    Args:
        n: Cases compared, above 0 (effective ones, if they are weighted).
        variance: From :func:`within_case_variance`.
        trials: Trials per case and arm, at least 1.
        alpha: What the p-value is held against.
        tolerance: Smaller drops never fail, as a share.

    Returns:
        A share, at least ``tolerance`` and at most 1.0: never less than what the
        fewest cases that can fail the gate amount to.

    Raises:
        ValueError: There is no case.

    Source:
        Two-sample power formula with normal quantiles (reference note A.3), with the
        variance that the broken cases themselves add to the permutation distribution:
        1/(2k - 1) for a case that goes from always right to always wrong.
    """
    if n <= 0:
        raise ValueError(f"a comparison needs at least one case, got n={n!r}")
    noise, broken = _spread(variance, trials)
    factor = _quantiles(alpha) ** 2 / n
    linear = factor * broken
    drop = (linear + math.sqrt(linear**2 + 4 * factor * noise)) / 2
    one_flip = math.log(math.comb(2 * trials, trials))
    flips = max(_FEWEST_FLIPS, math.ceil(-math.log(alpha) / one_flip - 1e-9))
    return min(1.0, max(drop, flips / n, tolerance))


def cases_needed(drop: float, *, variance: float, trials: int, alpha: float) -> int:
    """How many cases would show a drop of this size in four of five runs.

    Args:
        drop: As a share, above 0.
        variance: From :func:`within_case_variance`.
        trials: Trials per case and arm, at least 1.
        alpha: What the p-value is held against.

    Returns:
        A number of cases, at least 1.

    Source:
        :func:`smallest_detectable_drop` solved for the number of cases.
    """
    noise, broken = _spread(variance, trials)
    needed = _quantiles(alpha) ** 2 * (noise + broken * drop) / drop**2
    return math.ceil(max(needed, _FEWEST_FLIPS / drop) - 1e-9)


def _quantiles(alpha: float) -> float:
    return NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(_POWER)


def _spread(variance: float, trials: int) -> tuple[float, float]:
    return 2 * variance / trials, 1 / (2 * trials - 1)
