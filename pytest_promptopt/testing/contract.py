"""What every strategy has to keep to, as one check for the tests of its author."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pytest_promptopt.records import digest
from pytest_promptopt.testing.playing import Play
from pytest_promptopt.testing.whole_search import check_search
from pytest_promptopt.testing.worlds import WORLDS

if TYPE_CHECKING:
    from pytest_promptopt.optimize import Strategy, Task
    from pytest_promptopt.testing.worlds import World

CUTS = 8
"""At so many places a search is ended from outside."""

REPEATED = (0, 1, -1)
"""The worlds that are played a second time, where most different things happen."""


def check_strategy(strategy: Strategy) -> str:
    """Check that a strategy keeps to the protocol, whatever the models do.

    It is played in small worlds where the optimizer model improves, repeats itself,
    chats, refuses or gets no reply through; with one case and two, with equal scores,
    with candidates that are rejected or leave the race. In each of them it has to end
    with its steps, evaluate train cases only, give origins, and do the same again given
    the same answers. Then the real loop runs it, with budgets that end it half-way.
    That takes a fraction of a second, and neither a model nor a file.

    Args:
        strategy: The strategy. A search must leave nothing behind in it.

    Returns:
        A digest of all that it asked for. It has to be the same in a process with
        another ``PYTHONHASHSEED``, which nothing inside one process can tell.

    Raises:
        StrategyError: It breaks the contract: how, and in which world.

    Example:
        In a test of your own::

            from pytest_promptopt.testing import check_strategy

            def test_the_strategy_keeps_to_the_contract():
                check_strategy(Politely())
    """
    asked = [_play(strategy, world).run() for world in WORLDS]
    for number in REPEATED:
        _check_same(strategy, WORLDS[number], asked[number])
    _check_ends(strategy, WORLDS[0], len(asked[0]))
    check_search(strategy)
    return digest(asked)


def _play(strategy: Strategy, world: World) -> Play:
    return Play(strategy=strategy, world=world, task=_task(world))


@cache
def _task(world: World) -> Task:
    plan = world.plan()
    return plan.task(plan.cases, world.proposals)


def _check_same(strategy: Strategy, world: World, moves: list[str]) -> None:
    play = _play(strategy, world)
    again = play.run()
    for at, (one, other) in enumerate(zip(moves, again, strict=False), start=1):
        if one != other:
            raise play.fault(
                f"given the same answers, move {at} was {one[:200]} and then "
                f"{other[:200]}",
                "take random numbers from task.draws(), and keep nothing of a search "
                "on the strategy itself",
            )
    if len(moves) != len(again):
        raise play.fault(
            f"given the same answers, it made {len(moves)} moves and then {len(again)}",
            "take random numbers from task.draws(), and keep nothing of a search on "
            "the strategy itself",
        )


def _check_ends(strategy: Strategy, world: World, moves: int) -> None:
    for cut in sorted({1 + moves * part // CUTS for part in range(CUTS)}):
        _play(strategy, world).run(most=cut)
