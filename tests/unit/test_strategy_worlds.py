"""Every strategy in the real loop, with replies and scores that are no good."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.optimize import Measure
from pytest_promptopt.optimize.registry import BUILT_IN, strategy_named
from pytest_promptopt.records import Completion
from pytest_promptopt.testing.whole_search import (
    HOLDOUT,
    WORLD,
    run_search,
)
from pytest_promptopt.testing.worlds import (
    WITH_EXAMPLES,
    always,
    cases,
    in_tags,
    luck,
    refused,
    repeats,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_promptopt.records import Candidate, Case, Request
    from pytest_promptopt.testing.worlds import World

OLD = "Sort the message into its drawer."
QUOTED = "\n".join(case.inputs["message"] for case in cases(WORLD.train, "train")[:5])
ASKING = [name for name in BUILT_IN if name != "examples"]
"""The strategies that ask the optimizer model."""

STEPS = {"reflect-paper": 11}
"""Steps after which a strategy has had a reply of each kind, if more than three."""

NO_TEXTS = ("reflection", "prediction")
"""How what is counted begins where a reply that is no text could not be read."""

ALWAYS_ASKING = {"gi": {"written": 1.0}, "gi-shrink": {"written": 1.0, "margin": 0.15}}
"""Options with which a strategy asks for every text, and few hold-out cases do."""

SMALL = {"beyond the edit budget", "not shorter"}
"""What stands before the other reasons where a strategy bounds each edit itself."""


def twice(request: Request, text: str) -> Completion:
    return Completion(text=in_tags(request, text).text * 2)


def fenced(request: Request, text: str) -> Completion:
    return Completion(text=f"```\n{in_tags(request, text).text}\n```")


MALFORMED: dict[str, tuple[Callable[[Request, int], Completion | None], set[str]]] = {
    "no tag": (
        lambda _, n: Completion(text=f"Sort it {n}."),
        {"unparsable: no tag"},
    ),
    "two tags": (lambda r, n: twice(r, f"Sort it {n}."), {"unparsable: two tags"}),
    "a fence around the tags": (lambda r, _: fenced(r, OLD), {"repeat"}),
    "nothing": (lambda *_: Completion(text=""), {"unparsable: no tag"}),
    "nothing in the tags": (lambda r, _: in_tags(r, " "), {"unparsable: empty"}),
    "10,000 words": (lambda r, n: in_tags(r, f"w{n} " * 10_000), {"too long"}),
    "the old prompt": (lambda r, _: in_tags(r, OLD), {"repeat"}),
    "a refusal": (lambda r, _: refused(r), {"unparsable: refusal"}),
    "a variable of its own": (
        lambda r, n: in_tags(r, f"Use {{{{ secrets }}}} {n}."),
        {"added a variable"},
    ),
    "five train cases": (
        lambda r, n: in_tags(r, f"Sort such as {n}:\n{QUOTED}"),
        {"quotes a case"},
    ),
    "a reply that is lost": (lambda *_: None, {"unparsable: no reply"}),
}


@pytest.mark.parametrize("name", ASKING)
def test_malformed_replies_are_paid_for_counted_and_never_scored(name: str) -> None:
    sent: list[str] = []

    def malformed(request: Request) -> Completion | None:
        kind = list(MALFORMED)[len(sent) % len(MALFORMED)]
        sent.append(kind)
        return MALFORMED[kind][0](request, len(sent))

    world = replace(WORLD, reply=malformed, steps=STEPS.get(name, 3))
    plan = replace(world.plan(holdout=HOLDOUT), patience=99)

    whole = run_search(strategy_named(name, ALWAYS_ASKING.get(name)), world, plan)

    result, counted = whole.result, Counter[str]()
    for step in result.steps:
        counted.update(step.rejected)
    assert set(sent) == set(MALFORMED)
    assert result.optimizer_calls == len(sent)
    texts = sum("<new_text>" in repr(request) for request in whole.requests)
    others = sum(n for why, n in counted.items() if why.startswith(NO_TEXTS))
    assert texts == sum(counted.values()) - others
    for kind, (_, reasons) in MALFORMED.items():
        assert (reasons | SMALL) & counted.keys(), kind
    assert sum(step.scored for step in result.steps) == 1  # the start
    assert result.calls == whole.calls
    assert (result.outcome, result.best_candidate) == ("nothing better", None)
    assert result.message == (
        f"None of {len(sent)} replies held a text that could be tried; "
        "the hold-out was not used."
    )


@pytest.mark.parametrize("name", ASKING)
def test_nothing_of_the_hold_out_reaches_the_optimizer_model(name: str) -> None:
    plan = WORLD.plan(holdout=HOLDOUT, budget=520)

    whole = run_search(strategy_named(name, ALWAYS_ASKING.get(name)), WORLD, plan)

    sent = repr(whole.requests)
    assert "<new_text>" in sent
    for case in plan.cases[WORLD.train :]:
        assert case.inputs["message"] not in sent
        assert str(case.expected) not in sent
        assert case.id not in sent


ODD: list[tuple[World, tuple[str, str]]] = [
    (replace(WORLD, quality=always(0.0)), ("nothing better", "steps")),
    (replace(WORLD, quality=always(0.5)), ("nothing better", "steps")),
    (replace(WORLD, quality=always(1.0)), ("nothing better", "perfect")),
    (replace(WORLD, quality=always(1.0), train=64), ("refused", "no headroom")),
    (replace(WORLD, reply=repeats("Sort it.")), ("nothing better", "steps")),
    (replace(WORLD, train=1), ("nothing better", "steps")),
    (replace(WORLD, train=2), ("proposed", "steps")),
]


@pytest.mark.parametrize("name", ["opro", "gpo", "reflect"])
@pytest.mark.parametrize(
    ("world", "ending"),
    ODD,
    ids=[
        "all zero",
        "ties",
        "few right",
        "many right",
        "one text",
        "one case",
        "two cases",
    ],
)
def test_worlds_without_a_difference_have_a_clear_outcome(
    name: str, world: World, ending: tuple[str, str]
) -> None:
    world = replace(world, steps=1)

    result = run_search(strategy_named(name), world, world.plan(holdout=HOLDOUT)).result

    assert (result.outcome, result.stopped) == ending
    assert result.message


@pytest.mark.parametrize("name", ASKING)
def test_examples_that_change_beside_a_strategy_do_not_disturb_it(name: str) -> None:
    def quality(candidate: Candidate, case: Case) -> float:
        return round(luck(candidate.key, case.id), 1)

    world = replace(WORLD, template=WITH_EXAMPLES, quality=quality, train=24)
    strategy = strategy_named(name, ALWAYS_ASKING.get(name))
    whole = run_search(strategy, world, world.plan(holdout=HOLDOUT))

    if name == "gi-shrink":  # examples would make it longer, so none are chosen
        assert whole.result.outcome == "nothing better", whole.result.message
        return
    assert whole.result.outcome == "unconfirmed", whole.result.message
    assert any(
        candidate.examples
        for effect in whole.effects
        if isinstance(effect, Measure)
        for candidate in effect.candidates
    )
