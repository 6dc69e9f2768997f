"""How small a p-value must be, and what could be shown with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIRMED_AT_ONCE = 2
"""Candidates that share one look at the hold-out."""

SMALLEST_GAIN = 0.02
"""A smaller gain is not worth a proposal, as a share."""


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values of one family, so that each may be held against alpha itself.

    Args:
        p_values: In [0, 1], in any order.

    Returns:
        The adjusted p-values in the same order, at most 1.0; empty for none.

    Source:
        Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
        Journal of Statistics 6 (1979), 65-70.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    ranked = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for rank, index in enumerate(ranked):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return tuple(adjusted)


def alpha_for_look(look: int, *, alpha: float = 0.05) -> float:
    """Share of the false-proposal rate that one look at a hold-out may spend.

    Args:
        look: How many earlier looks there were, from 0.
        alpha: What all looks together may spend.

    Returns:
        A level; over all looks they sum to ``alpha``.

    Raises:
        ValueError: ``look`` is below 0.

    Source:
        The Basel series, sum of 1/t**2 = pi**2/6, as spending sequence: Foster and
        Stine, "Alpha-investing", JRSS B 70 (2008), 429-444.
    """
    if look < 0:
        raise ValueError(f"there were {look!r} earlier looks")
    return alpha * 6 / (math.pi**2 * (look + 1) ** 2)


def smallest_confirmable_gain(n: int, alpha: float) -> float:
    """Smallest hold-out gain that a sign-flip test could confirm.

    The most favourable case is ``m`` cases that go from wrong to right and none the
    other way: p is 2**-m, held against half of alpha (Holm over two candidates).

    Args:
        n: Number of hold-out cases, at least 1.
        alpha: Level of this look, in (0, 1).

    Returns:
        A share, at least 0.02; above 1.0 if even a full gain would not do.

    Raises:
        ValueError: There is no case.

    Source:
        Arithmetic on the sign-flip test and :func:`holm`.
    """
    if n < 1:
        raise ValueError(f"a gain needs at least one case, got n={n!r}")
    flips = math.ceil(math.log2(CONFIRMED_AT_ONCE / alpha) - 1e-9)
    return max(SMALLEST_GAIN, flips / n)
