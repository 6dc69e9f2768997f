"""How often the real loop proposes what is no better, and finds what is.

A batch of 64 candidates is scored at once on the train cases, the way a whole search
would at its luckiest; finalists, hold-out and decision are the loop's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from null_landscapes import Better, null
from search_cells import at_once
from search_runs import run

from pytest_promptopt import stats
from pytest_promptopt.optimize import Evaluate, NextStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from landscapes import Landscape
    from null_landscapes import Kind

    from pytest_promptopt.optimize import Moves, Task

CANDIDATES = 64
MARK = "Be brief."
"""What the better candidate says, where there is one."""

ROW = "  {:<44}{:>7} {:>13} {:>8} {:<7}{:>7} {:>8} {:>8}"
HEADINGS = ("", "%", "95 %", "must", "", "naive", "searches", "refused")


class Batch:
    """A strategy without an optimizer model: many fixed candidates at once.

    Args:
        race: Whether candidates that fall behind need not be scored to the end.
    """

    name = "batch"

    def __init__(self, *, race: bool = False) -> None:
        self._race = race

    def search(self, task: Task) -> Moves:
        """Have every candidate scored on all train cases."""
        (region,) = task.regions
        texts = [f"Answer it, version {at}." for at in range(CANDIDATES - 1)]
        texts.insert(task.draws("place").randrange(CANDIDATES), MARK)
        yield NextStep()
        yield Evaluate(
            candidates=tuple(
                task.rewritten(task.incumbent, region.address, text) for text in texts
            ),
            cases=task.cases,
            race=self._race,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where a batch is tried.

    Attributes:
        kind: The null landscape.
        noise: The s of its Beta distribution.
        mean: Its mean.
        train: Train cases.
        holdout: Hold-out cases.
        gain: By how much one of the candidates is better, as a share; 0 for none.
        spread: Whether its gain is spread over all cases.
    """

    kind: Kind
    noise: float = 0.5
    mean: float = 0.75
    train: int = 40
    holdout: int = 40
    gain: float = 0.0
    spread: bool = False

    def landscape(self, seed: int) -> Landscape:
        """Make one landscape of this world."""
        made = null(
            self.kind,
            seed,
            mean=self.mean,
            noise=self.noise,
            train=self.train,
            holdout=self.holdout,
        )
        if not self.gain:
            return made
        return Better(null=made, mark=MARK, gain=self.gain, spread=self.spread)

    def __str__(self) -> str:
        told = f"{self.kind}, mean {self.mean:.0%}, s = {self.noise:g}"
        if self.gain:
            told += (
                f", +{100 * self.gain:.0f} {'spread' if self.spread else 'in a few'}"
            )
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One world, how often it is tried, and what is expected of it."""

    world: World
    runs: int
    most: float | None = None
    least: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one batch came to.

    Attributes:
        refused: Whether the search did not begin.
        proposed: Whether something was proposed.
        naive: Whether the rule would have done it that takes the best on train.
    """

    refused: bool
    proposed: bool
    naive: bool


def false_rows(runs: int) -> list[Row]:
    """Return the worlds in which no proposal is right."""
    usual = [Row(world=World(kind=kind), runs=runs, most=6.0) for kind in NULLS]
    others = [
        Row(world=World(kind="churn", noise=noise, mean=mean), runs=runs // 4)
        for noise, mean in ((0.0, 0.75), (2.0, 0.75), (0.5, 0.5))
    ]
    return [*usual, *others]


def true_rows(runs: int) -> list[Row]:
    """Return the worlds in which one candidate is 12 points better."""
    return [
        Row(
            world=World(kind=kind, train=60, holdout=60, gain=0.12, spread=spread),
            runs=runs,
            least=50.0,
        )
        for kind in NULLS
        for spread in (False, True)
    ]


NULLS: tuple[Kind, ...] = ("identical", "churn")


def outcome(task: tuple[World, int]) -> Outcome:
    """Try one batch; a search with the first look at its hold-out."""
    world, seed = task
    result = run(world.landscape(seed), Batch(), seed=seed).result
    return Outcome(
        refused=result.outcome == "refused",
        proposed=result.outcome == "proposed",
        naive=(result.best or 0.0) > (result.start or 0.0),
    )


def lines(rows: list[Row], processes: int) -> Iterator[str]:
    """Try all rows, and write a line about each."""
    yield ROW.format(*HEADINGS).rstrip()
    for row in rows:
        tasks = [(row.world, seed) for seed in range(row.runs)]
        found = [
            each for each in at_once(outcome, tasks, processes) if not each.refused
        ]
        yield _line(row, found)


def worst(shown: list[str]) -> str:
    """Return the highest share, in percent, that some lines of the table show."""
    return max((line[46:53].strip() for line in shown[1:]), key=float)


def _line(row: Row, found: list[Outcome]) -> str:
    if not found:
        return f"  {row.world!s:<44} every search was refused"
    runs = len(found)
    proposed = sum(each.proposed for each in found)
    low, high = (100 * x for x in stats.clopper_pearson_interval(proposed, runs))
    value = 100 * proposed / runs
    must, mark = "", ""
    if row.most is not None:
        must = f"<= {row.most:g}"
        mark = "ok" if high <= row.most else "MISSED" if value > row.most else "?"
    if row.least is not None:
        must = f">= {row.least:g}"
        mark = "ok" if value >= row.least else "MISSED"
    naive = 100 * sum(each.naive for each in found) / runs
    return ROW.format(
        str(row.world),
        f"{value:.1f}",
        f"{low:.1f} - {high:.1f}",
        must,
        mark,
        f"{naive:.1f}",
        f"{runs:,}",
        f"{row.runs - runs:,}",
    ).rstrip()
