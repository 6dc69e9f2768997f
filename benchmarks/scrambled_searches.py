"""Each strategy against itself with its information scrambled."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from scrambling import CHANNELS
from search_cells import INFORMATIVE, UNINFORMATIVE, Cell, at_once, figures

from pytest_promptopt import stats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from search_cells import Figures

LEVEL = 0.05
FEW = 2
"""Pairs where every prompt is as good as the start: no difference can come of more."""

ROW = "  {:<20}{:<11}{:>7} {:>10} {:>9} {:>8}  {}"
HEADINGS = ("strategy", "landscape", "gain", "scrambled", "better", "p", "")


def lines(
    names: Sequence[str],
    seeds: int,
    processes: int,
    *,
    kinds: Sequence[str] = (*INFORMATIVE, *UNINFORMATIVE),
    channels: tuple[str, ...] = CHANNELS,
) -> Iterator[str]:
    """Run all pairs, and write a line about each strategy on each landscape.

    Args:
        names: The strategies.
        seeds: Pairs in each cell.
        processes: In how many processes.
        kinds: The landscapes.
        channels: What is scrambled, all at once.
    """
    yield ROW.format(*HEADINGS).rstrip()
    better: dict[bool, list[bool]] = {True: [], False: []}
    for name in names:
        pooled: list[float] = []
        for kind in kinds:
            count = min(seeds, FEW) if kind == "identical" else seeds
            pairs = _pairs(name, kind, count, processes, channels)
            if any(own.refused for own, _ in pairs):
                why, *_ = pairs[0][0].refused.split("; ")
                yield f"  {name:<20}{kind:<11} {why}"
                continue
            gains = [own.gain - scrambled.gain for own, scrambled in pairs]
            p = stats.sign_flip_p(gains, side="gain")
            better[kind in INFORMATIVE].append(p < LEVEL)
            pooled += gains if kind in INFORMATIVE else []
            yield _line(name, kind, pairs, gains, p)
        if pooled and len(kinds) > 1:
            p = stats.sign_flip_p(pooled, side="gain")
            mean = 100 * statistics.mean(pooled)
            yield ROW.format(
                name, "together", "", "", f"{mean:+.1f}", f"{p:.4f}", ""
            ).rstrip()
    for informative, found in better.items():
        where = "informative" if informative else "uninformative"
        if found:
            yield f"  better with p < .05 on {where}: {sum(found)} of {len(found)}"


def _pairs(
    name: str, kind: str, seeds: int, processes: int, channels: tuple[str, ...]
) -> list[tuple[Figures, Figures]]:
    cells = [
        Cell(strategy=name, landscape=kind, seed=seed, scrambled=scrambled)
        for seed in range(seeds)
        for scrambled in ((), channels)
    ]
    found = at_once(figures, cells, processes)
    return list(zip(found[::2], found[1::2], strict=True))


def _line(
    name: str,
    kind: str,
    pairs: Sequence[tuple[Figures, Figures]],
    gains: Sequence[float],
    p: float,
) -> str:
    own, scrambled = (
        100 * statistics.mean(side.gain for side in arm)
        for arm in zip(*pairs, strict=True)
    )
    if kind in INFORMATIVE:
        mark = "ok" if p < LEVEL else "not shown"
    else:
        mark = "ok" if p >= LEVEL else "by chance?"
    return ROW.format(
        name,
        kind,
        f"{own:.1f}",
        f"{scrambled:.1f}",
        f"{100 * statistics.mean(gains):+.1f}",
        f"{p:.4f}",
        mark,
    ).rstrip()
