"""The cells of the tables: one strategy, one landscape, one seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from multiprocessing import Pool
from typing import TYPE_CHECKING, Any, TypeVar

from landscapes import HOLDOUT, TRAIN
from null_landscapes import null
from paraphrasing import Paraphrase
from scrambling import Scrambled
from search_runs import run
from terrains import TERRAINS, charted

from pytest_promptopt.optimize import strategy_named
from pytest_promptopt.optimize.registry import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from landscapes import Landscape

    from pytest_promptopt.optimize import Strategy

INFORMATIVE = tuple(TERRAINS)
UNINFORMATIVE = ("identical", "churn")
BASELINES: Mapping[str, Callable[[], Strategy]] = {
    "paraphrase the start": lambda: Paraphrase(climbs=False),
    "paraphrase the best": lambda: Paraphrase(climbs=True),
}
PROPOSALS = 56
"""Candidates that the budget of a search buys if each is scored to the end."""

CONFIRMING = 6 * 3 * TRAIN + 3 * 3 * HOLDOUT

Task = TypeVar("Task")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One search.

    Attributes:
        strategy: Name of a strategy or a baseline.
        landscape: Its kind.
        seed: Of the landscape, of the search and of all noise.
        scrambled: Channels of information that are cut off.
        options: Of the strategy.
        planned: Further attributes of the plan; without a budget that of
            :data:`PROPOSALS` candidates.
    """

    strategy: str
    landscape: str
    seed: int
    scrambled: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    planned: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a search came to, as numbers.

    Attributes:
        gain: True gain of the best candidate on train, as a share.
        proposed: True gain of what was proposed; ``None`` if nothing was.
        refused: Why the search did not begin; empty if it did.
        scored: Candidates that were scored.
        scoring: Calls of the task model before the confirmation.
        asked: Calls of the optimizer model.
        tokens: Words to and from it.
    """

    gain: float
    proposed: float | None
    refused: str
    scored: int
    scoring: int
    asked: int
    tokens: int


def contenders() -> tuple[str, ...]:
    """Return every strategy of the registry by name, and the baselines."""
    return (*BUILT_IN, *BASELINES)


def budget(proposals: int) -> int:
    """Return the calls that score so many candidates to the end, and confirm."""
    return CONFIRMING + TRAIN + proposals * (TRAIN + 1)


def landscape(kind: str, seed: int) -> Landscape:
    """Make the landscape of a cell."""
    if kind in TERRAINS:
        return charted(kind, seed)
    return null(kind, seed)  # type: ignore[arg-type]


def figures(cell: Cell) -> Figures:
    """Run one cell."""
    if cell.strategy in BASELINES:
        strategy = BASELINES[cell.strategy]()
    else:
        strategy = strategy_named(cell.strategy, cell.options)
    if cell.scrambled:
        strategy = Scrambled(strategy, cell.seed, cell.scrambled)
    found = run(
        landscape(cell.landscape, cell.seed),
        strategy,
        seed=cell.seed,
        **{"budget": budget(PROPOSALS), **cell.planned},
    )
    result = found.result
    asked = result.optimizer_calls
    return Figures(
        gain=found.gain,
        proposed=found.proposed,
        refused=result.message if result.outcome in ("refused", "error") else "",
        scored=found.scored,
        scoring=(result.steps[-1].calls if result.steps else result.calls) - asked,
        asked=asked,
        tokens=found.usage.prompt_tokens + found.usage.completion_tokens,
    )


def at_once(
    work: Callable[[Task], Done], tasks: Iterable[Task], processes: int
) -> list[Done]:
    """Do some work for each of many tasks, in their order, in several processes."""
    listed = list(tasks)
    if processes == 1:
        return [work(task) for task in listed]
    with Pool(processes) as pool:
        return pool.map(work, listed, chunksize=max(1, len(listed) // 200))
