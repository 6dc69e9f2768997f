"""The two exact tests of the gate and of the confirmation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.stats.convolution import (
    Kernel,
    affordable_unit,
    lower_tail,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Side = Literal["drop", "gain"]
"""What a small p speaks for: the new arm is lower, or it is higher."""

SCORE_GRID = 1000
# Means of up to 8 trials of scores on the grid are whole numbers in this unit.
_MEAN_GRID = SCORE_GRID * math.lcm(*range(1, 9))


def stratified_p(
    pairs: Sequence[tuple[Sequence[float], Sequence[float]]],
    *,
    weights: Sequence[float] | None = None,
    side: Side = "drop",
    mid: bool = False,
) -> float:
    """One-sided p of "the arms' replies to each case come from one distribution".

    Given the scores that a case got in both arms, every way to deal them out to the
    arms is equally likely under that hypothesis; cases are independent. The statistic
    is the weighted mean of the per-case differences. For scores of 0 and 1 this is
    the exact conditional Mantel-Haenszel test, and with one trial per arm McNemar's.

    Args:
        pairs: For each case the baseline arm's scores and the new arm's, in [0, 1],
            at least one of each; read on a grid of 1/1000.
        weights: One per case, above 0; all equal if left out.
        side: Which change a small p speaks for.
        mid: Count outcomes as extreme as the observed one half (mid-p).

    Returns:
        A probability. Without cases, or if every case has one score only, 1.0 (and
        0.5 as mid-p).

    Raises:
        ValueError: A case has no score in an arm.

    Source:
        Mantel and Haenszel, JNCI 22 (1959), 719-748, in its exact conditional form:
        Agresti, "Categorical Data Analysis" (3rd ed.), section 7.3.5; mid-p:
        Fagerland, Lydersen and Laake, BMC Med. Res. Methodol. 13 (2013), 91.
    """
    arms = [_on_grid(pair, side) for pair in pairs]
    scales = _scales(arms, weights)
    rows = [
        ([value * scale for value in new], [value * scale for value in old])
        for (old, new), scale in zip(arms, scales, strict=True)
        if len({*old, *new}) > 1  # a single score cannot be dealt out differently
    ]
    kernels: list[Kernel] = []
    observed = 0
    known: dict[tuple[int, ...], tuple[Kernel, int]] = {}
    for new, old in _reduced(rows):
        key = (len(new), *sorted((*new, *old)))
        if key not in known:
            known[key] = _subset_sums(key[1:], len(new))
        kernel, lowest = known[key]
        kernels.append(kernel)
        observed += sum(new) - lowest
    at_most, exactly = lower_tail(kernels, observed)
    return at_most - 0.5 * exactly if mid else at_most


def sign_flip_p(
    differences: Sequence[float],
    *,
    side: Side,
    weights: Sequence[float] | None = None,
    mid: bool = False,
) -> float:
    """One-sided p of "each case's difference is as likely the other way round".

    Args:
        differences: For each case the new arm's mean score minus the baseline arm's,
            in [-1, 1]; read on a grid that means of up to 8 trials fit exactly.
        side: Which change a small p speaks for.
        weights: One per case, above 0; all equal if left out.
        mid: Count outcomes as extreme as the observed one half (mid-p).

    Returns:
        A probability; ``m`` cases that all changed one way give 2**-m. Without any
        difference 1.0 (and 0.5 as mid-p).

    Source:
        Fisher's randomisation test for paired data: "The Design of Experiments"
        (1935), section 21, enumerated exactly.
    """
    direction = 1 if side == "drop" else -1
    sizes = [round(direction * value * _MEAN_GRID) for value in differences]
    scales = integer_weights(weights, len(differences))
    rows = [
        ([size * scale], [0]) for size, scale in zip(sizes, scales, strict=True) if size
    ]
    reduced = _reduced(rows)
    kernels: list[Kernel] = [((0, 1), (max(*new, *old), 1)) for new, old in reduced]
    observed = sum(new[0] for new, _ in reduced)
    at_most, exactly = lower_tail(kernels, observed)
    return at_most - 0.5 * exactly if mid else at_most


def integer_weights(weights: Sequence[float] | None, count: int) -> list[int]:
    """Bring weights to whole numbers in the same proportions.

    Weights with at most three decimals keep their proportions exactly; others are
    read on a grid of 1/1000 of the largest.

    Args:
        weights: Each above 0, or ``None`` for equal ones.
        count: How many there must be.

    Raises:
        ValueError: There are more or fewer.
    """
    if weights is None:
        return [1] * count
    if len(weights) != count:
        raise ValueError(f"{len(weights)} weights for {count} cases")
    thousandths = [weight * 1000 for weight in weights]
    if any(abs(value - round(value)) > 1e-6 for value in thousandths):
        thousandths = [weight * 1000 / max(weights) for weight in weights]
    whole = [max(1, round(value)) for value in thousandths]
    common = math.gcd(*whole) or 1
    return [value // common for value in whole]


def _on_grid(
    pair: tuple[Sequence[float], Sequence[float]], side: Side
) -> tuple[list[int], list[int]]:
    old, new = pair if side == "drop" else pair[::-1]
    if not old or not new:
        raise ValueError(f"a case needs scores in both arms, got {pair!r}")
    return [round(x * SCORE_GRID) for x in old], [round(x * SCORE_GRID) for x in new]


def _scales(
    arms: Sequence[tuple[list[int], list[int]]], weights: Sequence[float] | None
) -> list[int]:
    """Return by how much each case's new sum moves the mean difference, as integers.

    Given the pooled scores, raising the new sum by 1 raises the new mean by 1/k_new
    and lowers the old mean by 1/k_old.
    """
    sizes = [(len(old), len(new)) for old, new in arms]
    unit = math.lcm(*(old * new for old, new in sizes))
    return [
        weight * unit * (old + new) // (old * new)
        for weight, (old, new) in zip(
            integer_weights(weights, len(arms)), sizes, strict=True
        )
    ]


def _reduced(
    rows: Sequence[tuple[list[int], list[int]]],
) -> list[tuple[list[int], list[int]]]:
    """Bring each case's scores to the smallest integers from 0 up.

    Each case is shifted to start at 0, then all are divided by what they have in
    common. If that is still too much to count, the values are rounded to a coarser
    grid; a permutation test of rounded values is as exact as of the others.
    """
    lowest = [min(*new, *old) for new, old in rows]
    common = math.gcd(
        *(
            value - least
            for least, (new, old) in zip(lowest, rows, strict=True)
            for value in (*new, *old)
        )
    )
    widths = [_width(new, old) // common for new, old in rows]
    outcomes = [math.comb(len(new) + len(old), len(new)) for new, old in rows]
    unit = affordable_unit(widths, max(outcomes, default=1))

    def reduced(values: list[int], least: int) -> list[int]:
        whole = [(value - least) // common for value in values]
        return whole if unit == 1.0 else [round(value / unit) for value in whole]

    return [
        (reduced(new, least), reduced(old, least))
        for least, (new, old) in zip(lowest, rows, strict=True)
    ]


def _width(new: Sequence[int], old: Sequence[int]) -> int:
    """Return how far apart the new arm's lowest and highest possible sums are."""
    pooled = sorted((*new, *old))
    return sum(pooled[-len(new) :]) - sum(pooled[: len(new)])


def _subset_sums(values: Sequence[int], count: int) -> tuple[Kernel, int]:
    """Return the sums of ``count`` of the values, from 0 up, and the lowest sum."""
    ways: list[dict[int, int]] = [{} for _ in range(count + 1)]
    ways[0][0] = 1
    for value in values:
        for size in range(count, 0, -1):
            for total, number in ways[size - 1].items():
                longer = ways[size]
                longer[total + value] = longer.get(total + value, 0) + number
    lowest = min(ways[count])
    kernel = tuple(
        (total - lowest, number) for total, number in sorted(ways[count].items())
    )
    return kernel, lowest
