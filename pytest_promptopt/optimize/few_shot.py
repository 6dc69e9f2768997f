"""Examples regions: which train cases stand there, chosen beside any strategy.

A wrapper around a strategy. It relays what the strategy asks for, with the best
examples so far put into each of its candidates, and takes turns with it: before each
step of the strategy there is a step that tries other examples with the best candidate.
Those steps ask no optimizer model: the cases are the text.

A case is never scored with its own answer in the prompt, see
:mod:`pytest_promptopt.optimize.withheld`; so two candidates are compared on the cases
that both are scored on.

Source:
    Bootstrapped demonstrations: Khattab et al., "DSPy", arXiv:2310.03714, section 4.2;
    their random search is the start of each region here. Adding and dropping examples
    as mutation, and the race: Zehle et al., "CAPO", arXiv:2504.16005, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SearchRefused
from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.example_turns import Turns
from pytest_promptopt.optimize.options import check_number, check_switch
from pytest_promptopt.optimize.strategy import Evaluate, NextStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategy import Moves, Strategy, Task
    from pytest_promptopt.prompts import ExampleRegion

NAME = "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShotOptions:
    """What can be set about the choice of examples.

    Attributes:
        most: Examples that a region may have at most; never more than a quarter of the
            train cases.
        per_step: How many choices a step tries, at least 1.
        race: Whether a choice that is clearly worse need not be scored to the end.
    """

    most: int = 8
    per_step: int = 6
    race: bool = True

    def __post_init__(self) -> None:
        check_number(NAME, "most", self.most, lowest=1)
        check_number(NAME, "per_step", self.per_step, lowest=1)
        check_switch(NAME, "race", self.race)


class FewShot:
    """Takes turns with a strategy: it writes the text, this chooses the examples.

    Args:
        strategy: The strategy; not asked if no text may be rewritten.
        options: How examples regions are filled, if the strategy does not say.
    """

    def __init__(
        self, strategy: Strategy, options: FewShotOptions | None = None
    ) -> None:
        self._strategy = strategy
        own = getattr(strategy, "options", None)
        self._own = own if isinstance(own, FewShotOptions) else None
        self._options = self._own or options or FewShotOptions()

    @property
    def name(self) -> str:
        """The strategy's."""
        return self._strategy.name

    def refuse_without_regions(
        self, label: str, regions: Sequence[ExampleRegion]
    ) -> None:
        """Check, before a call is made, that there is something to fill.

        Args:
            label: What the prompt is called.
            regions: Its examples regions that may be changed.

        Raises:
            SearchRefused: The examples alone are to be searched, and there are none.
        """
        if self._own is not None and not regions:
            raise SearchRefused(
                f"{label}: strategy {NAME} fills examples regions, and the "
                "template has none that can be filled",
                "mark one with {# promptopt: begin examples NAME -#} and "
                "{# promptopt: end -#}",
            )

    def most(self, scope: Scope) -> Bound | None:
        """Return how much a search can try at most; ``None``: nobody says."""
        most = getattr(self._strategy, "most", None)
        if not callable(most):
            return None
        if not scope.examples:
            found: Bound = most(scope)
            return found
        own = Bound(proposals=0, requests=0)
        if scope.regions:
            own = most(replace(scope, steps=math.ceil(scope.steps / 2)))
        choices = scope.steps * scope.affordable(self._options.per_step)
        return replace(own, proposals=own.proposals + choices)

    def search(self, task: Task) -> Moves:
        """Search as the strategy does, if the prompt has no examples regions."""
        if not task.example_regions:
            yield from self._strategy.search(task)
            return
        turns = Turns(task, self._options)
        if task.regions:
            # Every other step is its own: what it plans over all its steps must fit.
            own = replace(task, example_regions=(), steps=math.ceil(task.steps / 2))
            moves = self._strategy.search(own)
            try:
                yield from _relayed(moves, turns)
            finally:
                moves.close()
        for _ in range(task.steps):
            yield from turns.take()


def _relayed(moves: Moves, turns: Turns) -> Moves:
    """Pass on the moves of a strategy, and take a turn before each of its steps."""
    answer: Any = None
    while True:
        try:
            move = moves.send(answer)
        except StopIteration:
            return
        if isinstance(move, NextStep):
            yield from turns.take()
            answer = yield move
        elif isinstance(move, Evaluate):
            answer = yield from turns.scored(
                replace(move, candidates=tuple(map(turns.overlaid, move.candidates)))
            )
        else:
            answer = yield move
