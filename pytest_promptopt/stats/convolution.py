"""Sums of independent draws with integer values: counted, not simulated."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Kernel = tuple[tuple[int, int], ...]
"""One draw: values, rising from 0, and in how many ways each comes about."""

# Bits moved for one test: keeps the worst case at about a second.
_MAX_WORK = 2e10
_MAX_SUMS = 250_000
# Counts are exact up to this many bits; beyond, the last of them are cut off, which
# moves a probability by less than 1e-18.
_BITS = 128
_CUT = 32


def lower_tail(kernels: Sequence[Kernel], observed: int) -> tuple[float, float]:
    """Return the chances that a sum of draws is at most, and exactly, ``observed``.

    Outcomes are counted in whole numbers. The draws are split in two halves that meet
    in the middle, so that the longest convolution is never made; they are sorted
    first, so that the result does not depend on their order in the last digit.

    Args:
        kernels: The draws. None at all sum to 0.
        observed: The sum to compare with, at least 0.

    Returns:
        ``(P(sum <= observed), P(sum == observed))``, each in [0, 1].

    Source:
        Mehta, Patel and Gray, "Computing an exact confidence interval for the common
        odds ratio in several 2x2 contingency tables", JASA 80 (1985), 969-973:
        multiplication of the strata's generating polynomials.
    """
    ordered = sorted(kernels)
    left, right = _ways(ordered[::2]), _ways(ordered[1::2])
    right_up_to = list(accumulate(right))
    below = equal = 0
    for value, ways in enumerate(left[: observed + 1]):
        rest = observed - value
        below += ways * right_up_to[min(rest, len(right) - 1)]
        if ways and rest < len(right):
            equal += ways * right[rest]
    outcomes = sum(left) * sum(right)
    return below / outcomes, equal / outcomes


def affordable_unit(widths: Sequence[int], outcomes: int) -> float:
    """Return the finest grid, at least 1.0, on which :func:`lower_tail` is fast.

    Args:
        widths: Largest value of each draw.
        outcomes: In at most how many ways a draw can come out.
    """
    # Each draw adds up `points` integers of, on average, a quarter of all the sums.
    points = min(outcomes, 1 + max(widths, default=0))
    bits = min(_BITS, len(widths) / 2 * math.log2(max(2, outcomes)))
    work = len(widths) * points * sum(widths) / 4 * bits
    return max(1.0, work / _MAX_WORK, sum(widths) / _MAX_SUMS)


def _ways(kernels: Sequence[Kernel]) -> list[int]:
    """Return in how many ways the draws sum to 0, 1, 2, ..., or numbers like those.

    The counts lie side by side in one long integer, each in a slot of its own: the
    standard library's fastest way to add many numbers at once.
    """
    outcomes = [sum(ways for _, ways in kernel) for kernel in kernels]
    most = _BITS + max(outcomes, default=1).bit_length()
    size = (min(most, math.prod(outcomes).bit_length()) + 7) // 8
    packed, reach, total = 1, 0, 1
    for kernel, ways_of_kernel in zip(kernels, outcomes, strict=True):
        excess = (total * ways_of_kernel).bit_length() - 8 * size
        if excess > 0:
            cut = max(excess, _CUT)
            packed, total = _cut(packed, cut, size, reach + 1), total >> cut
        packed = sum(
            (packed if ways == 1 else packed * ways) << (8 * size * value)
            for value, ways in kernel
        )
        reach += kernel[-1][0]
        total *= ways_of_kernel
    slots = packed.to_bytes((reach + 1) * size, "little")
    return [
        int.from_bytes(slots[start : start + size], "little")
        for start in range(0, len(slots), size)
    ]


def _cut(packed: int, bits: int, size: int, slots: int) -> int:
    """Drop the lowest bits of every slot."""
    kept = (1 << (8 * size - bits)) - 1
    mask = int.from_bytes(kept.to_bytes(size, "little") * slots, "little")
    return (packed >> bits) & mask
