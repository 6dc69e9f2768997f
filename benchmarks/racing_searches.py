"""What racing saves, and what it costs: the same searches with and without it."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from false_proposals import MARK, Batch
from landscapes import TRAIN
from null_landscapes import Better, null
from search_cells import INFORMATIVE, Cell, at_once, figures
from search_runs import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from search_cells import Figures

STEPS = 8
"""Of OPRO, with 8 replies each; no budget ends a search here."""

BATCH_CASES = 64
BATCH_GAIN = 0.08
ROW = "  {:<34}{:>8} {:>8} {:>15} {:>9} {:>9} {:>8}"
HEADINGS = ("", "gain", "racing", "difference", "share %", "calls %", "pairs")

Pair = tuple[tuple[float, int], tuple[float, int]]
"""Gain and calls of the task model, scored to the end and racing."""


def lines(seeds: int, processes: int) -> Iterator[str]:
    """Compare an OPRO loop on each informative landscape, then one batch of 64.

    Args:
        seeds: Pairs in all, of either.
        processes: In how many processes.
    """
    yield ROW.format(*HEADINGS).rstrip()
    each = -(-seeds // len(INFORMATIVE))
    every: list[Pair] = []
    for kind in INFORMATIVE:
        pairs = _loops(kind, each, processes)
        every += pairs
        yield _line(f"OPRO, {STEPS} steps, {kind}", pairs)
    yield _line("OPRO, all of them", every) + "  must: same gain, calls <= 65 %"
    batches = at_once(_batch, range(seeds), processes)
    told = "must: gain >= 85 %, calls <= 40 %"
    yield _line("one batch of 64, one is 8 better", batches) + f"  {told}"


def _loops(kind: str, seeds: int, processes: int) -> list[Pair]:
    cells = [
        Cell(
            strategy="opro",
            landscape=kind,
            seed=seed,
            options={"race": race},
            planned={"steps": STEPS, "budget": None},
        )
        for seed in range(seeds)
        for race in (False, True)
    ]
    found = [_both(each) for each in at_once(figures, cells, processes)]
    return list(zip(found[::2], found[1::2], strict=True))


def _both(found: Figures) -> tuple[float, int]:
    return found.gain, found.scoring - TRAIN  # the start is scored to the end


def _batch(seed: int) -> Pair:
    """Score a batch of mostly worse candidates, one of which is better."""
    arms = []
    for race in (False, True):
        scattered = null("scattered", seed, train=BATCH_CASES, holdout=BATCH_CASES)
        landscape = Better(null=scattered, mark=MARK, gain=BATCH_GAIN)
        found = run(landscape, Batch(race=race), seed=seed)
        steps = found.result.steps
        arms.append((found.gain, steps[-1].calls - BATCH_CASES if steps else 0))
    return arms[0], arms[1]


def _line(what: str, pairs: Sequence[Pair]) -> str:
    whole, racing = ([arm[0] for arm in side] for side in zip(*pairs, strict=True))
    calls, raced = ([arm[1] for arm in side] for side in zip(*pairs, strict=True))
    differences = [100 * (new - old) for old, new in zip(whole, racing, strict=True)]
    mean = statistics.mean(differences)
    few = len(differences) < 2
    error = 0 if few else 1.96 * statistics.stdev(differences) / len(differences) ** 0.5
    return ROW.format(
        what,
        f"{100 * statistics.mean(whole):.1f}",
        f"{100 * statistics.mean(racing):.1f}",
        f"{mean:+.1f} +- {error:.1f}",
        f"{100 * sum(racing) / sum(whole):.0f}" if sum(whole) else "",
        f"{100 * sum(raced) / max(1, sum(calls)):.1f}",
        f"{len(pairs)}",
    ).rstrip()
