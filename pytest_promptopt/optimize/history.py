"""What a strategy has had scored so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.ranking import Ranked, best_first
from pytest_promptopt.optimize.strategy import Evaluate, Evaluated

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_promptopt.optimize.strategy import Rejected, Task
    from pytest_promptopt.records import Candidate, Origin


class History:
    """The candidates that a strategy has had scored on all train cases, oldest first.

    Args:
        task: The search.
        race: Whether a candidate that is clearly worse need not be scored to the end.
    """

    def __init__(self, task: Task, *, race: bool = False) -> None:
        self._task = task
        self._race = race
        self.entries: list[Evaluated] = []

    def score(
        self, candidates: Sequence[Candidate], origins: Sequence[Origin] = ()
    ) -> Generator[Evaluate, Any, tuple[Evaluated | Rejected, ...]]:
        """Have candidates scored on all train cases; what is scored joins the history.

        Args:
            candidates: What to score; nothing is asked for none.
            origins: How each came to be, in the same order.

        Returns:
            What the loop answers, one for each candidate.
        """
        if not candidates:
            return ()
        answers: tuple[Evaluated | Rejected, ...] = yield Evaluate(
            candidates=tuple(candidates),
            cases=self._task.cases,
            origins=tuple(origins),
            race=self._race,
        )
        self.entries.extend(entry for entry in answers if isinstance(entry, Evaluated))
        return answers

    def ranked(self) -> tuple[Evaluated, ...]:
        """Return what is scored on all cases, best first."""
        whole = {
            entry.candidate.key: (age, entry)
            for age, entry in reversed(list(enumerate(self.entries)))
            if entry.is_whole
        }
        order = best_first(
            Ranked(candidate=entry.candidate, mean=entry.mean, age=age)
            for age, entry in whole.values()
        )
        return tuple(whole[ranked.candidate.key][1] for ranked in order)

    @property
    def best(self) -> Candidate:
        """The best candidate so far.

        Raises:
            IndexError: Nothing is scored.
        """
        return self.ranked()[0].candidate
