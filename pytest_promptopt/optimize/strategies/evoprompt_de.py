"""EvoPrompt, differential evolution: mutate what differs, cross it with each prompt.

For each prompt of the population one child is asked for: the parts in which two others
differ are altered, put into the best prompt, and that is crossed with the prompt
itself. The child takes its place if it is strictly better.

Source: see :mod:`pytest_promptopt.optimize.strategies.evoprompt`, which also has the
changes that both algorithms share. On top of these:

==============================  =====================================================
the paper or its code           here
==============================  =====================================================
one of the two that are         they are others than the prompt itself and than the
compared is the best prompt in  best one, and differ in the region that is rewritten,
22 % of the draws               where there are so many; drawn as the paper does in
                                ``evoprompt-de-paper``
the best prompt is brought up   behind each generation, so that its requests can go
to date within a generation     out together; within it in ``evoprompt-de-paper``
where a population is too       places left empty by replies without a text are
small, it is an error           filled with paraphrases of the best
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
from pytest_promptopt.optimize.strategies.founding import Nursery, paraphrases
from pytest_promptopt.optimize.strategies.paraphrasing import paraphrase_of
from pytest_promptopt.optimize.strategies.population import beats, fittest
from pytest_promptopt.optimize.strategies.stages import DIFFERING, differing_fault
from pytest_promptopt.optimize.strategy import NextStep

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from pytest_promptopt.optimize.bound import Bound, Scope
    from pytest_promptopt.optimize.strategy import Evaluated, Moves, Task
    from pytest_promptopt.prompts import Region

META_PROMPT = "evoprompt_de.j2"
PAPER = {**BOTH, "distinct": False, "together": False}
"""What ``evoprompt-de-paper`` sets."""

DONORS = ("best", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeOptions(EvoOptions):
    """What can be set about differential evolution, beside what both have.

    Attributes:
        donor: What the altered parts are put into: the ``"best"`` prompt or a
            ``"random"`` one.
        distinct: Whether the two prompts that are compared have to differ, from each
            other and from the best one.
        together: Whether the children of a generation are asked for at once; else one
            by one, each with the best prompt so far.
    """

    donor: str = "best"
    distinct: bool = True
    together: bool = True

    def __post_init__(self) -> None:
        EvoOptions.__post_init__(self)
        check_choice("evoprompt-de", "donor", self.donor, DONORS)
        for name in ("distinct", "together"):
            check_switch("evoprompt-de", name, getattr(self, name))


class EvoPromptDe:
    """Evolution by differences, on the regions of a prompt.

    Args:
        options: Its numbers; our defaults if left out.
        name: What it is called.
    """

    wants_earlier = True

    def __init__(
        self, options: DeOptions | None = None, *, name: str = "evoprompt-de"
    ) -> None:
        self.options = options or DeOptions()
        self.name = name

    def most(self, scope: Scope) -> Bound:
        """Return how much a search can try at most."""
        return self.options.most(scope, refilled=True)

    def search(self, task: Task) -> Moves:
        """Evolve, generation by generation, until the loop ends it."""
        options = self.options
        nursery = Nursery(task, sampling=options.sampling, race=options.race)
        size, written = options.sizes(task.proposals)
        population = yield from nursery.founded(size=size, written=written)
        weights = {case.id: case.weight for case in task.cases}
        for generation in range(task.steps if population else 0):
            yield NextStep()
            draws = task.draws("donors", generation)
            region = region_of(task, generation)
            # Replies without a text have left places empty.
            fresh = yield from nursery.raised(
                paraphrases(task, population, size - len(population))
            )
            population = fittest([*population, *filter(None, fresh)], size)
            best, following = population[0], list(population)
            step = len(population) if options.together else 1
            for start in range(0, len(population), step):
                members = range(start, min(start + step, len(population)))
                children = yield from nursery.raised(
                    [
                        self._child(task, region, population, place, best, draws)
                        for place in members
                    ]
                )
                for place, child in zip(members, children, strict=True):
                    if child is None:
                        continue
                    if beats(child, population[place], weights):
                        following[place] = child
                    if beats(child, best, weights):
                        best = child
            population = fittest(following, size)

    def _child(
        self,
        task: Task,
        region: Region,
        population: Sequence[Evaluated],
        place: int,
        best: Evaluated,
        draws: random.Random,
    ) -> Wanted:
        member = population[place]
        others = [one for at, one in enumerate(population) if at != place]
        drawn = self._donors(others, best, region, draws)
        if drawn is None:
            return paraphrase_of(member.candidate, region)
        first, second, third = drawn
        four = (first, second, third, member)
        texts = [text_in(one, region) for one in four]
        return Wanted(
            region=region,
            base=member.candidate,
            operator="differential",
            meta_prompt=META_PROMPT,
            values={"texts": texts, "other_job": other_job(task)},
            parents=tuple(one.candidate.key for one in (member, first, second, third)),
            fault=self.options.fault(differing_fault, DIFFERING, texts),
        )

    def _donors(
        self,
        others: Sequence[Evaluated],
        best: Evaluated,
        region: Region,
        draws: random.Random,
    ) -> tuple[Evaluated, Evaluated, Evaluated] | None:
        """Draw what is compared, and what the parts go into; ``None`` if too few."""
        if len(others) < 2:
            return None
        pool = list(others)
        if self.options.distinct:
            apart = [one for one in others if differs(one, best, region)]
            pool = apart if len(apart) > 1 else pool
        shuffled = draws.sample(pool, len(pool))
        first, second = shuffled[:2]
        if self.options.distinct and not differs(first, second, region):
            unlike = [one for one in shuffled if differs(first, one, region)]
            if not unlike:
                return None
            second = unlike[0]
        if self.options.donor == "best":
            return first, second, best
        spare = [one for one in others if one not in (first, second)]
        return first, second, draws.choice(spare) if spare else best
