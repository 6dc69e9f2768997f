"""The first population of an evolution: what is there, and paraphrases of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.drafts import Drafts
from pytest_promptopt.optimize.history import History
from pytest_promptopt.optimize.strategies.children import born
from pytest_promptopt.optimize.strategies.inducing import demonstrations, induced
from pytest_promptopt.optimize.strategies.paraphrasing import paraphrase_of
from pytest_promptopt.optimize.strategies.population import fittest
from pytest_promptopt.optimize.strategy import Evaluated
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from typing import Any

    from pytest_promptopt.optimize.strategies.children import Child, Wanted
    from pytest_promptopt.optimize.strategy import Move, Rejected, Task

SHOWN = 5
"""Worked cases that a meta-prompt for a written seed shows."""


class Nursery:
    """Where the candidates of an evolution come from: asked for, read and scored.

    Args:
        task: The search.
        sampling: Settings of the requests to the optimizer model.
        race: Whether a text that is clearly worse need not be scored to the end.
    """

    def __init__(self, task: Task, *, sampling: Mapping[str, Any], race: bool) -> None:
        self._task = task
        self._history = History(task, race=race)
        self._drafts = Drafts(task)
        self._asker = Asker(task, **sampling)

    def founded(
        self, *, size: int, written: int
    ) -> Generator[Move, Any, tuple[Evaluated, ...]]:
        """Found a population.

        The seeds are the start, the earlier versions, and as many newly written texts
        as are wanted. The best half of a population of them is kept and paraphrased,
        the best first and in turns, until the population is full.

        Args:
            size: How many candidates the population has, at least 1.
            written: Seeds to be written from worked cases.

        Returns:
            At most ``size`` candidates, best first; fewer where replies held no new
            text.

        Source:
            Guo et al., arXiv:2309.08532 (EvoPrompt), section 3.2 and the authors' code
            (``para_topk``): the best N/2 of the seeds, each paraphrased once.
        """
        task, history = self._task, self._history
        before = (task.incumbent, *task.earlier)
        operators = ("start", *("earlier version" for _ in task.earlier))
        yield from history.score(
            before, [Origin(operator=operator) for operator in operators]
        )
        yield from self.raised([_written(task, number) for number in range(written)])
        seeds = fittest(history.entries, len(history.entries))
        kept = seeds[: max(1, size // 2)]
        children = yield from self.raised(paraphrases(task, kept, size - len(kept)))
        grown = [child for child in children if child is not None]
        return fittest([*kept, *grown, *seeds[len(kept) :]][:size], size)

    def raised(
        self, wanted: Sequence[Wanted]
    ) -> Generator[Move, Any, tuple[Evaluated | None, ...]]:
        """Ask for texts, and have those that came scored.

        Returns:
            One for each wanted text, in the same order; ``None`` where there is none.
        """
        children: Sequence[Child | None] = yield from born(
            self._task, self._asker, self._drafts, wanted
        )
        fresh = [child for child in children if child is not None]
        answers: Sequence[Evaluated | Rejected] = yield from self._history.score(
            [child.candidate for child in fresh], [child.origin for child in fresh]
        )
        scored = iter(answers)
        told = [None if child is None else next(scored) for child in children]
        return tuple(entry if isinstance(entry, Evaluated) else None for entry in told)


def paraphrases(task: Task, kept: Sequence[Evaluated], count: int) -> list[Wanted]:
    """Want paraphrases of some candidates, in turns; several regions take turns, too.

    Args:
        task: The search.
        kept: The candidates, best first; of none there are no paraphrases.
        count: How many are wanted; none if that is below 1.
    """
    wanted = []
    for number in range(count if kept else 0):
        turn, place = divmod(number, len(kept))
        region = task.regions[(turn + place) % len(task.regions)]
        wanted.append(paraphrase_of(kept[place].candidate, region))
    return wanted


def _written(task: Task, number: int) -> Wanted:
    return induced(
        task,
        task.regions[number % len(task.regions)],
        demonstrations(task, SHOWN, "seeds", number),
        form="forward",
        reasons={},
    )
