"""Whether something new is at most so much worse: exact where nothing is lost.

A sign-flip test of shifted differences would not do: cases that all stay as they are
are no evidence by their symmetry, only by their number.
"""

from __future__ import annotations

import cmath
import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GRID = 840
"""Differences are read in such parts: means of up to 8 trials fit exactly."""

_SLICES = 1500
"""Slices of the integral; twice as many change p by less than 1e-6."""


def non_inferiority_p(
    differences: Sequence[float],
    margin: float,
    weights: Sequence[float] | None = None,
) -> float:
    """One-sided p of "the mean loss is as large as the margin, or larger".

    Nothing is supposed of the differences but their range. Where some cases are lost
    and the others stay as they are it is the exact binomial p; ``n`` cases without any
    difference give ``(1 - margin) ** n``.

    Args:
        differences: For each case the new mean score minus the old one, in [-1, 1].
        margin: What may be lost at most, as a share, in (0, 1).
        weights: One per case, above 0; all equal if left out.

    Returns:
        A probability; 1.0 for no case.

    Raises:
        ValueError: The margin is not in (0, 1).

    Source:
        Gaffke, "Three test statistics for a nonparametric one-sided hypothesis on the
        mean of a nonnegative variable", Mathematical Methods of Statistics 14 (2005);
        that it keeps its level is proven for two values and borne out by simulation
        for more: Learned-Miller and Thomas, arXiv:1905.06208. The integral: Imhof,
        Biometrika 48 (1961), for sums of gamma variables.
    """
    if not 0.0 < margin < 1.0:
        raise ValueError(f"a margin is between 0 and 1, not {margin!r}")
    if not differences:
        return 1.0
    shares = [1.0] * len(differences) if weights is None else list(weights)
    scale = len(shares) / math.fsum(shares)
    # One more value, the worst there can be, stands for what was not drawn.
    values = Counter(
        round(_GRID * value * share * scale)
        for value, share in zip(differences, shares, strict=True)
    )
    values[-round(_GRID * max(shares) * scale)] += 1
    centred = {value / _GRID + margin: count for value, count in values.items()}
    if max(centred) <= 0.0:
        return 1.0
    if len(centred) == 2:  # the beta distribution has a closed form
        return _of_two(centred)
    return _below_zero(centred)


def fewest_cases(margin: float, alpha: float) -> int:
    """Return how many cases without a difference it takes to show non-inferiority.

    Args:
        margin: As for :func:`non_inferiority_p`.
        alpha: The level, in (0, 1).
    """
    return math.ceil(math.log(alpha) / math.log1p(-margin) - 1e-9)


def _of_two(centred: Mapping[float, int]) -> float:
    """Return the chance that a mixture of two values is at most 0.

    The share of the lower value has a beta distribution; its tail is a binomial sum.
    """
    low, high = min(centred), max(centred)
    limit = high / (high - low)  # more of the lower value than this, and it is below 0
    drawn = centred[low] + centred[high] - 1
    return math.fsum(
        math.comb(drawn, k) * limit**k * (1.0 - limit) ** (drawn - k)
        for k in range(centred[low])
    )


def _below_zero(centred: Mapping[float, int]) -> float:
    """Return the chance that a sum of gamma variables with such factors is below 0."""
    size = math.sqrt(math.fsum(n * a * a for a, n in centred.items()))
    end = 60.0 / size
    step = end / _SLICES

    def height(at: float) -> float:
        log = sum(-n * cmath.log(complex(1.0, -a * at)) for a, n in centred.items())
        return cmath.exp(log).imag / at

    # The middle of each slice: the integrand has a limit at 0, and no value.
    area = math.fsum(height((k + 0.5) * step) for k in range(_SLICES)) * step
    return min(1.0, max(0.0, 0.5 - area / math.pi))
