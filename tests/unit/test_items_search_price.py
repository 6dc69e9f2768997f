"""What a search may cost, as the line before it says."""

from __future__ import annotations

from pytest_promptopt.items.search_price import Part, told_cost
from pytest_promptopt.models.prices import FREE, Price
from pytest_promptopt.optimize.outlook import Outlook
from pytest_promptopt.records import Usage

TASK = Part(
    rate=Price(input=1.0, output=2.0),
    usage=Usage(prompt_tokens=100, completion_tokens=50),
)
OPTIMIZER = Part(
    rate=Price(input=10.0, output=20.0),
    usage=Usage(prompt_tokens=2_000, completion_tokens=500),
)
UNKNOWN = Part(rate=None, usage=OPTIMIZER.usage)


def found(calls: int | None = 5_000, requests: int | None = 64) -> Outlook:
    return Outlook(
        proposals=64, bought=None, calls=calls, smallest=0.1, requests=requests
    )


def test_calls_of_both_models_are_priced_at_what_each_costs() -> None:
    # 4,936 calls at $0.0002, and 64 at $0.03.
    assert told_cost(found(), task=TASK, optimizer=OPTIMIZER) == (
        "about $2.91 (an estimate from the lengths of the texts)"
    )


def test_a_task_model_that_is_free_leaves_the_price_of_the_optimizer_model() -> None:
    free = Part(rate=FREE, usage=TASK.usage)

    assert told_cost(found(), task=free, optimizer=OPTIMIZER).startswith("about $1.92")


def test_a_price_that_is_not_known_is_said() -> None:
    told = "about $0.9872 (an estimate from the lengths of the texts, without the "

    assert told_cost(found(), task=TASK, optimizer=UNKNOWN) == (
        f"{told}optimizer model, whose price is not known)"
    )


def test_what_the_strategy_does_not_say_is_not_guessed() -> None:
    assert told_cost(found(requests=None), task=TASK, optimizer=OPTIMIZER) == (
        "about $1.00 (an estimate from the lengths of the texts, as if all calls were "
        "the task model's)"
    )


def test_nothing_is_said_where_nothing_costs_or_is_known() -> None:
    free = Part(rate=FREE, usage=TASK.usage)

    assert told_cost(found(), task=UNKNOWN, optimizer=UNKNOWN) == ""
    assert told_cost(found(), task=free, optimizer=free) == ""
    assert told_cost(found(calls=None), task=TASK, optimizer=OPTIMIZER) == ""
