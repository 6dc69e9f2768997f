"""EvoPrompt, genetic algorithm: cross two good prompts, mutate, keep the best.

Each generation draws parents by their scores, asks for one child of each pair, and
keeps the best of old and new.

Source: see :mod:`pytest_promptopt.optimize.strategies.evoprompt`, which also has the
changes that both algorithms share. On top of these:

==============================  =====================================================
the paper or its code           here
==============================  =====================================================
scores are the weights          how far a score is above the worst one is, since
                                scores that lie close hardly select; scores in
                                ``evoprompt-ga-paper``. All zero: evenly
the parents may be one prompt   they differ in the region that is rewritten; may be
(10 to 15 % of the pairs)       one in ``evoprompt-ga-paper``
selection goes by one metric,   one score for both
survival by another
==============================  =====================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.options import check_choice, check_switch
from pytest_promptopt.optimize.strategies.children import Wanted
from pytest_promptopt.optimize.strategies.evoprompt import PAPER as BOTH
from pytest_promptopt.optimize.strategies.evoprompt import (
    EvoOptions,
    differs,
    other_job,
    region_of,
    text_in,
)
from pytest_promptopt.optimize.strategies.founding import Nursery
from pytest_promptopt.optimize.strategies.paraphrasing import paraphrase_of
from pytest_promptopt.optimize.strategies.population import (
    fittest,
    roulette,
    tournament,
)
from pytest_promptopt.optimize.strategies.stages import CROSSING, crossing_fault
from pytest_promptopt.optimize.strategy import NextStep

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from pytest_promptopt.optimize.bound import Bound, Scope
    from pytest_promptopt.optimize.strategy import Evaluated, Moves, Task
    from pytest_promptopt.prompts import Region

META_PROMPT = "evoprompt_ga.j2"
PAPER = {**BOTH, "shifted": False, "distinct": False}
"""What ``evoprompt-ga-paper`` sets."""

SELECTIONS = ("roulette", "tournament", "random")
SURVIVALS = ("best", "children")


@dataclass(frozen=True, slots=True, kw_only=True)
class GaOptions(EvoOptions):
    """What can be set about the genetic algorithm, beside what both have.

    Attributes:
        select: How parents are drawn: ``"roulette"``, ``"tournament"`` of two or
            ``"random"``.
        shifted: Whether the roulette goes by how far a score is above the worst one.
        distinct: Whether the two parents have to differ.
        survive: ``"best"`` of old and new, or ``"children"`` in place of the old.
    """

    select: str = "roulette"
    shifted: bool = True
    distinct: bool = True
    survive: str = "best"

    def __post_init__(self) -> None:
        EvoOptions.__post_init__(self)
        check_choice("evoprompt-ga", "select", self.select, SELECTIONS)
        check_choice("evoprompt-ga", "survive", self.survive, SURVIVALS)
        for name in ("shifted", "distinct"):
            check_switch("evoprompt-ga", name, getattr(self, name))


class EvoPromptGa:
    """Evolution by crossover and mutation, on the regions of a prompt.

    Args:
        options: Its numbers; our defaults if left out.
        name: What it is called.
    """

    wants_earlier = True

    def __init__(
        self, options: GaOptions | None = None, *, name: str = "evoprompt-ga"
    ) -> None:
        self.options = options or GaOptions()
        self.name = name

    def most(self, scope: Scope) -> Bound:
        """Return how much a search can try at most."""
        return self.options.most(scope, refilled=False)

    def search(self, task: Task) -> Moves:
        """Evolve, generation by generation, until the loop ends it."""
        options = self.options
        nursery = Nursery(task, sampling=options.sampling, race=options.race)
        size, written = options.sizes(task.proposals)
        population = yield from nursery.founded(size=size, written=written)
        for generation in range(task.steps if population else 0):
            yield NextStep()
            draws = task.draws("parents", generation)
            region = region_of(task, generation)
            pairs = self._pairs(population, region, draws, size)
            children = yield from nursery.raised(
                [self._child(task, region, pair) for pair in pairs]
            )
            fresh = [child for child in children if child is not None]
            if options.survive == "best":
                population = fittest([*population, *fresh], size)
            else:  # where replies held no text, the best of the old stay
                kept = population[: size - len(fresh)]
                population = fittest([*kept, *fresh], size)

    def _pairs(
        self,
        population: Sequence[Evaluated],
        region: Region,
        draws: random.Random,
        count: int,
    ) -> list[tuple[Evaluated, Evaluated]]:
        """Draw the parents of each child from one pool of a generation."""
        pool = self._pool(population, draws, count)
        pairs = []
        for _ in range(count):
            if len(pool) > 1:
                first, second = draws.sample(pool, 2)
            else:
                first = second = pool[0]
            if self.options.distinct and not differs(first, second, region):
                others = [one for one in pool if differs(first, one, region)]
                others = others or [
                    one for one in population if differs(first, one, region)
                ]
                second = draws.choice(others) if others else first
            pairs.append((first, second))
        return pairs

    def _pool(
        self, population: Sequence[Evaluated], draws: random.Random, count: int
    ) -> Sequence[Evaluated]:
        if self.options.select == "roulette":
            return roulette(
                population, draws, count=count, shifted=self.options.shifted
            )
        if self.options.select == "tournament":
            return [tournament(population, draws) for _ in range(count)]
        return population

    def _child(
        self, task: Task, region: Region, parents: tuple[Evaluated, Evaluated]
    ) -> Wanted:
        first, second = parents
        if self.options.distinct and not differs(first, second, region):
            # Of one text there is nothing to cross; a mutation is left.
            return paraphrase_of(first.candidate, region)
        texts = [text_in(parent, region) for parent in parents]
        return Wanted(
            region=region,
            base=first.candidate,
            operator="crossover",
            meta_prompt=META_PROMPT,
            values={"texts": texts, "other_job": other_job(task)},
            parents=(first.candidate.key, second.candidate.key),
            fault=self.options.fault(crossing_fault, CROSSING, texts),
        )
