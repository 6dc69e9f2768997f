"""95 % intervals: of a share, of an accuracy and of a paired difference."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOSED_FORM_UP_TO = 200


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the weighted mean; the sums are exact, so the order does not matter.

    Raises:
        ValueError: There is no value.
    """
    if not values:
        raise ValueError("no value to take the mean of")
    products = (value * weight for value, weight in zip(values, weights, strict=True))
    return math.fsum(products) / math.fsum(weights)


def effective_cases(weights: Sequence[float]) -> float:
    """Return how many equally weighted cases a weighted mean is worth.

    Source:
        Kish, "Survey Sampling" (1965), section 11.7.
    """
    if not weights:
        return 0.0
    return math.fsum(weights) ** 2 / math.fsum(weight**2 for weight in weights)


def wilson_interval(
    mean: float, n: float, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of a share.

    Args:
        mean: Share of successes, in [0, 1].
        n: Number of independent draws, above 0; need not be whole.
        confidence: Coverage, in (0, 1).

    Returns:
        Lower and upper end, in [0, 1]; never of width 0.

    Raises:
        ValueError: ``n`` is not above 0.

    Source:
        Wilson, JASA 22 (1927), 209-212; score interval without continuity correction.
    """
    if n <= 0:
        raise ValueError(f"an interval needs at least one case, got n={n!r}")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    centre = (mean + z * z / (2 * n)) / (1 + z * z / n)
    spread = max(0.0, mean * (1 - mean)) / n + z * z / (4 * n * n)
    half = z / (1 + z * z / n) * math.sqrt(spread)
    # At the edges the score interval touches 0 or 1 exactly; rounding must not cut it.
    low = 0.0 if mean <= 0 else max(0.0, centre - half)
    high = 1.0 if mean >= 1 else min(1.0, centre + half)
    return low, high


def clopper_pearson_interval(
    successes: int, n: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of a share that covers at least as often as it says, for any share.

    Args:
        successes: How many draws were successes, from 0 to ``n``.
        n: Number of independent draws, at least 1.
        confidence: Coverage, in (0, 1).

    Returns:
        Lower and upper end, in [0, 1]; 0.0 and 1.0 exactly where every draw, or none,
        was a success.

    Raises:
        ValueError: There is no draw, or not that many of them.

    Source:
        Clopper and Pearson, Biometrika 26 (1934), 404-413: the shares at which a count
        this low, or this high, has a chance of (1 - confidence) / 2.
    """
    if n < 1:
        raise ValueError(f"an interval needs at least one draw, got n={n!r}")
    if not 0 <= successes <= n:
        raise ValueError(f"{successes!r} successes in {n!r} draws")
    chance = (1 - confidence) / 2
    # What the upper end is for successes, the lower end is for failures.
    low = 1 - _share_with_tail(n - successes, n, chance)
    return low, _share_with_tail(successes, n, chance)


def _share_with_tail(count: int, n: int, chance: float) -> float:
    """Return the share at which at most ``count`` successes have that chance."""
    if count == n:
        return 1.0
    low, high = count / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(count, n, middle) > chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(count: int, n: int, share: float) -> float:
    """Return the binomial P(X <= count), for a share strictly between 0 and 1."""
    if 2 * count >= n:  # the other tail has fewer terms
        return 1 - _at_most(n - count - 1, n, 1 - share)
    ways = math.lgamma(n + 1)
    hit, miss = math.log(share), math.log1p(-share)
    return math.fsum(
        math.exp(
            ways
            - math.lgamma(i + 1)
            - math.lgamma(n - i + 1)
            + i * hit
            + (n - i) * miss
        )
        for i in range(count + 1)
    )


def accuracy_interval(
    case_means: Sequence[float], weights: Sequence[float] | None = None
) -> tuple[float, float]:
    """95 % interval of an accuracy over cases with one or more trials each.

    Trials of one case are not independent, so cases are counted, not trials: Wilson on
    the number of cases. Since the spread of means in [0, 1] is at most that of zeros
    and ones with the same mean, this is never too narrow for that reason.

    Args:
        case_means: Mean score per case, in [0, 1]; not empty.
        weights: One per case, above 0; all equal if left out.

    Returns:
        Lower and upper end, in [0, 1].

    Source:
        Wilson (1927) with Kish's effective sample size; on clustering by case: Miller,
        "Adding Error Bars to Evals", arXiv:2411.00640, section 2.
    """
    shares = [1.0] * len(case_means) if weights is None else weights
    return wilson_interval(weighted_mean(case_means, shares), effective_cases(shares))


def difference_interval(
    differences: Sequence[float],
    weights: Sequence[float] | None = None,
    *,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Interval of the mean paired difference, for cases drawn like these.

    Args:
        differences: New mean score minus old, per case, in [-1, 1]; not empty.
        weights: One per case, above 0; all equal if left out.
        confidence: Coverage, in (0, 1).

    Returns:
        Lower and upper end as shares, within [-1, 1]. A single case says nothing:
        (-1.0, 1.0).

    Source:
        Student's t on per-case differences: Miller, arXiv:2411.00640, section 4.2; with
        weights, the linearised variance of a ratio (Cochran, "Sampling Techniques",
        section 6.4).
    """
    shares = [1.0] * len(differences) if weights is None else weights
    n = len(differences)
    mean = weighted_mean(differences, shares)
    if n < 2:
        return -1.0, 1.0
    squares = math.fsum(
        (share * (value - mean)) ** 2
        for value, share in zip(differences, shares, strict=True)
    )
    error = math.sqrt(squares * n / (n - 1)) / math.fsum(shares)
    half = t_quantile(0.5 + confidence / 2, n - 1) * error
    return max(-1.0, mean - half), min(1.0, mean + half)


def t_quantile(share: float, freedom: int) -> float:
    """Quantile of Student's t.

    Args:
        share: Probability below the quantile, in (0, 1).
        freedom: Degrees of freedom, at least 1.

    Returns:
        The quantile, correct to about nine digits.

    Source:
        Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4
        (closed form, solved by bisection), 26.7.5 (expansion, above 200 degrees).
    """
    if share < 0.5:
        return -t_quantile(1 - share, freedom)
    if freedom > _CLOSED_FORM_UP_TO:
        return _t_expansion(NormalDist().inv_cdf(share), freedom)
    low, high = 0.0, 1.0
    while _t_below(high, freedom) < share:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _t_below(middle, freedom) < share else (low, middle)
        )
    return (low + high) / 2


def _t_below(t: float, freedom: int) -> float:
    """Return P(T <= t) for t >= 0."""
    angle = math.atan2(t, math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    start = 1 if freedom % 2 else 0
    term = cosine if start else 1.0
    terms = [term]
    for step in range(start + 2, freedom - 1, 2):
        term *= cosine * cosine * (step - 1) / step
        terms.append(term)
    series = math.fsum(terms) * sine
    if not start:
        return 0.5 + series / 2
    if freedom == 1:
        series = 0.0
    return 0.5 + (angle + series) / math.pi


def _t_expansion(z: float, freedom: int) -> float:
    powers = [
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    ]
    return z + math.fsum(g / freedom ** (i + 1) for i, g in enumerate(powers))
