"""A text is searched for with the strategies, the loop and the engine of prompts."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt import (
    Attempt,
    ModelError,
    Optimized,
    PromptOptError,
    optimize_text,
)
from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize import strategy_named
from pytest_promptopt.optimize.registry import BUILT_IN
from pytest_promptopt.solving.scale import Bounded, Unbounded
from pytest_promptopt.testing import FailingModel, ScriptedModel

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from pytest_promptopt.records import Request

SEEDS = ["number 3", "number 7"]
GOAL = 60


def number(text: str) -> int:
    return int(text.split()[1])


def near(text: str) -> float:
    return -float((number(text) - GOAL) ** 2)


def counting(request: Request) -> str:
    """Propose a number a little above the greatest one that the request shows."""
    shown = [
        int(each) for each in re.findall(r"number (\d+)", request.messages[-1].content)
    ]
    return (
        f"<new_text>number {max(shown, default=5) + (request.seed or 0) % 5}</new_text>"
    )


def search(**changes: Any) -> Optimized:
    given: dict[str, Any] = {
        "objective": near,
        "seeds": SEEDS,
        "strategy": "opro",
        "model": ScriptedModel(counting),
        "problem": "Find the hidden number.",
        "steps": 6,
    }
    return optimize_text(**{**given, **changes})


def test_the_best_text_is_found_with_every_attempt_in_its_order() -> None:
    found = search()

    values = [attempt.value for attempt in found.history]
    texts = [attempt.text for attempt in found.history]
    assert found.best == max(found.history, key=lambda attempt: attempt.value)
    assert found.best.value > max(map(near, SEEDS))
    assert texts[:2] == SEEDS
    assert len(set(texts)) == len(texts)
    assert values == [near(text) for text in texts]
    assert [attempt.step for attempt in found.history[:2]] == [0, 0]
    assert all(a.step <= b.step for a, b in pairwise(found.history))
    assert max(attempt.step for attempt in found.history) == 6
    assert (found.stopped, found.strategy, found.calls) == ("steps", "opro", 48)


def test_the_objective_is_asked_once_for_each_text() -> None:
    asked: list[str] = []

    def objective(text: str) -> float:
        asked.append(text)
        return near(text)

    found = search(objective=objective)

    assert asked == [attempt.text for attempt in found.history]


def test_a_strategy_whose_aim_is_not_the_value_is_refused() -> None:
    with pytest.raises(SettingError, match="strategy='gi'"):
        search(strategy="gi-shrink", model=ScriptedModel(counting))


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"examples", "gi-shrink"}))
def test_every_strategy_searches_for_a_text(name: str) -> None:
    model = ScriptedModel(counting)

    found = search(strategy=name, model=model)

    assert found.stopped != "error", found.message
    assert found.best.value > max(map(near, SEEDS))
    assert model.requests
    assert all(
        "Find the hidden number." in request.messages[0].content
        for request in model.requests
    )


def test_opro_shows_values_as_they_are_and_speaks_of_solutions() -> None:
    model = ScriptedModel(counting)

    search(model=model, show=lambda value: f"off by {-value:.0f}", steps=1)

    content = model.requests[0].messages[0].content
    assert "value: off by 3249\ntext:\n  number 3\n" in content
    assert content.index("off by 3249") < content.index("off by 2809")
    assert "prompt" not in content


def test_a_strategy_object_needs_no_name() -> None:
    by_object = search(strategy=strategy_named("opro", {"per_step": 2}))

    assert by_object == search(options={"per_step": 2})
    assert by_object.calls == 12


def test_equal_seeds_give_equal_results_and_others_differ() -> None:
    assert search() == search()
    assert search(seed=1).seed == 1
    assert search(strategy="reflect", seed=1) != search(strategy="reflect", seed=2)


def test_the_budget_is_one_of_model_calls_and_never_exceeded() -> None:
    model = ScriptedModel(counting)

    found = search(model=model, budget=20)

    assert found.stopped == "budget"
    assert found.calls == len(model.requests) == 16


def test_it_ends_once_the_caller_is_content() -> None:
    found = search(until=lambda attempt: attempt.value >= near("number 20"))

    assert found.stopped == "until"
    assert found.history[-1] == found.best
    assert found.best.value >= near("number 20")


def test_a_seed_that_is_good_enough_costs_no_call() -> None:
    model = ScriptedModel(counting)

    found = search(model=model, until=lambda attempt: number(attempt.text) == 7)

    assert (found.stopped, found.best.text, found.calls) == ("until", "number 7", 0)
    assert not model.requests


def test_the_upper_bound_ends_it() -> None:
    found = search(bounds=(near("number 3"), near("number 12")))

    assert found.stopped == "perfect"
    assert found.best.value >= near("number 12")


def test_what_is_no_solution_is_counted_and_never_scored() -> None:
    def odd(text: str) -> str | None:
        return None if number(text) % 2 else "an even number"

    found = search(check=odd)

    assert all(number(attempt.text) % 2 for attempt in found.history)
    assert sum(step.rejected.get("an even number", 0) for step in found.steps) > 0


def test_a_reason_of_the_objective_reaches_the_model_and_the_history() -> None:
    model = ScriptedModel(counting)

    found = search(
        objective=lambda text: (near(text), f"too low by {GOAL - number(text)}"),
        strategy="reflect",
        model=model,
        steps=1,
    )

    assert found.history[0] == Attempt(
        text="number 3", value=near("number 3"), step=0, reason="too low by 57"
    )
    assert "too low by 53" in model.requests[0].messages[0].content


def test_chatter_ends_the_search_as_stalled() -> None:
    found = search(model=ScriptedModel({}, default="Let me think."))

    assert (found.stopped, found.best.text) == ("stalled", "number 7")
    assert found.steps[-1].rejected == {"unparsable: no tag": 8}


def test_a_model_that_fails_for_good_ends_it_with_what_was_found() -> None:
    found = search(model=FailingModel(ModelError("no such model", "name another")))

    assert (found.stopped, found.best.text) == ("error", "number 7")
    assert found.message == "no such model; name another"


def test_a_repeated_run_is_answered_from_the_cache(tmp_path: Path) -> None:
    first, again = ScriptedModel(counting), ScriptedModel(counting)
    path = tmp_path / "replies" / "cache.sqlite3"

    assert search(model=first, cache=path) == search(model=again, cache=path)
    assert len(first.requests) == 48
    assert not again.requests


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"seeds": []}, "seeds are []"),
        ({"seeds": "number 3"}, "seeds are 'number 3'"),
        ({"seeds": ["number 3", "  "]}, "seed '' cannot be searched from"),
        ({"seeds": ["x y"], "check": lambda _: "no number"}, "turned away by check="),
        ({"objective": lambda _: math.nan}, "the objective gave nan for 'number 3'"),
        ({"objective": lambda _: "high"}, "the objective gave 'high'"),
        ({"bounds": (1, 0)}, "bounds are 1.0 and 0.0"),
        ({"bounds": 3}, "bounds are 3"),
        ({"steps": 0}, "steps 0"),
        ({"budget": 0}, "budget 0"),
        ({"strategy": "opra"}, "unknown strategy 'opra'"),
        ({"strategy": "examples"}, "fills examples regions"),
        ({"options": {"per_stop": 1}}, "has no option 'per_stop'"),
        ({"strategy": strategy_named("opro"), "options": {"shown": 1}}, "an object"),
        ({"model": "nobody:x"}, "'nobody' is no provider"),
        ({"model": 3}, "3 is no model"),
    ],
)
def test_what_cannot_be_used_is_named_before_a_call(
    changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(PromptOptError) as raised:
        search(**changes)

    assert problem in raised.value.problem


def test_what_the_objective_raises_goes_to_the_caller() -> None:
    def broken(text: str) -> float:
        if text not in SEEDS:
            raise ZeroDivisionError
        return near(text)

    with pytest.raises(ZeroDivisionError):
        search(objective=broken)


@given(
    st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_greater_value_never_has_a_lower_place(
    seeds: list[float], one: float, other: float
) -> None:
    scale = Unbounded.around(seeds)
    low, high = sorted((one, other))

    assert 0.0 <= scale(low) <= scale(high) < 1.0
    assert scale(max(seeds)) == pytest.approx(0.5)


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_values_between_bounds_keep_their_order(one: float, other: float) -> None:
    scale = Bounded(low=-10.0, high=20.0)
    low, high = sorted((one, other))

    assert 0.0 <= scale(low) <= scale(high) <= 1.0
    assert (scale(-10.0), scale(5.0), scale(20.0)) == (0.0, 0.5, 1.0)


def test_it_needs_no_pytest() -> None:
    program = (
        "import sys\n"
        "from pytest_promptopt import optimize_text\n"
        "class Model:\n"
        "    def complete(self, request):\n"
        "        from pytest_promptopt import Completion\n"
        "        return Completion(text='<new_text>abcd</new_text>')\n"
        "found = optimize_text(len, ['ab'], 'opro', Model(), steps=1)\n"
        "assert found.best.text == 'abcd', found\n"
        "print(sorted(name for name in sys.modules if 'pytest' == name))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
