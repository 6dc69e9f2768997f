"""A whole search by the real loop, with the confirmation, in a world."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import StrategyError
from pytest_promptopt.optimize import Complete, Measure, search
from pytest_promptopt.records import Score, Trial
from pytest_promptopt.testing.worlds import World, improving, luck, worth

if TYPE_CHECKING:
    from pytest_promptopt.optimize import Effect, SearchPlan, Strategy
    from pytest_promptopt.records import Candidate, Case, Request, SearchResult

WORLD = World(
    name="the loop is the real one", reply=improving, quality=worth, train=8, steps=2
)
HOLDOUT = 32
BUDGETS = (480, 560)
"""Model calls: few more than three proposals take, and than a dozen take."""


@dataclass(kw_only=True)
class WholeSearch:
    """A search that was run to its end.

    Attributes:
        result: What it came to.
        effects: What it asked for.
        answers: What it was answered, in the same order.
    """

    result: SearchResult
    effects: list[Effect] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """Model calls it took."""
        return sum(effect.calls for effect in self.effects)

    @property
    def requests(self) -> list[Request]:
        """What the optimizer model was asked."""
        asked = [effect for effect in self.effects if isinstance(effect, Complete)]
        return [request for effect in asked for request in effect.requests]


def run_search(strategy: Strategy, world: World, plan: SearchPlan) -> WholeSearch:
    """Run a search; replies and trials are the world's.

    Args:
        strategy: The strategy.
        world: Says what is answered.
        plan: What is searched, from :meth:`World.plan`.
    """
    searched = search(plan, strategy)
    effects: list[Effect] = []
    answers: list[Any] = []
    answer: Any = None
    while True:
        try:
            effect = searched.send(answer)
        except StopIteration as stop:
            return WholeSearch(result=stop.value, effects=effects, answers=answers)
        effects.append(effect)
        answer = _answered(world, effect)
        answers.append(answer)


def replayed(strategy: Strategy, plan: SearchPlan, whole: WholeSearch) -> int | None:
    """Run a search again from what it was answered, as one that was killed is.

    Args:
        strategy: The strategy.
        plan: The same plan.
        whole: The search as it was.

    Returns:
        Number of the first effect that is another one, from 1; ``None`` if it took
        the same path to the same result.
    """
    searched = search(plan, strategy)
    answer: Any = None
    known = zip(whole.effects, whole.answers, strict=True)
    for at, (effect, recorded) in enumerate(known, start=1):
        try:
            if searched.send(answer) != effect:
                return at
        except StopIteration:
            return at
        answer = recorded
    try:
        searched.send(answer)
    except StopIteration as stop:
        if stop.value == whole.result:
            return None
    return len(whole.effects) + 1


def _answered(world: World, effect: Effect) -> Any:
    if isinstance(effect, Complete):
        return tuple(map(world.reply, effect.requests))
    if isinstance(effect, Measure):
        return tuple(
            {
                case.id: (_trial(world, candidate, case),) * len(effect.indices)
                for case in effect.cases
            }
            for candidate in effect.candidates
        )
    return tuple(tuple(luck(text, at) for at in range(3)) for text in effect.texts)


def _trial(world: World, candidate: Candidate, case: Case) -> Trial:
    value = world.quality(candidate, case)
    reason = "" if value >= 1.0 else f"expected {case.expected!r}"
    return Trial(score=Score(value=value, reason=reason), output=f"drawer {value}")


def check_search(strategy: Strategy) -> None:
    """Run a strategy in the real loop, with several budgets.

    Raises:
        StrategyError: A search ends with an error, or takes another path when it is
            begun again, as one that was killed is.
    """
    for budget in BUDGETS:
        plan = WORLD.plan(holdout=HOLDOUT, budget=budget)
        whole = run_search(strategy, WORLD, plan)
        place = (
            f"strategy {strategy.name!r}, where {WORLD.name} and the budget is {budget}"
        )
        if whole.result.outcome == "error":
            raise StrategyError(
                f"{place}: the search ended with an error: {whole.result.message}",
                "mend what the message says",
            )
        if budget > BUDGETS[0]:
            continue
        fork = replayed(strategy, plan, whole)
        if fork is not None:
            raise StrategyError(
                f"{place}: begun again with the same replies, the search took another "
                f"path at effect {fork} of {len(whole.effects)}",
                "take random numbers from task.draws(), and keep nothing of a search "
                "on the strategy itself",
            )
