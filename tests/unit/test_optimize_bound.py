"""What is said before a search is never exceeded by it, whatever the strategy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.optimize import Complete, Embed, Measure, strategy_named
from pytest_promptopt.optimize.outlook import Outlook, outlook
from pytest_promptopt.optimize.registry import BUILT_IN
from pytest_promptopt.testing.whole_search import WholeSearch, run_search
from pytest_promptopt.testing.worlds import (
    MARKED,
    TWICE_MARKED,
    WITH_EXAMPLES,
    World,
    half_lost,
    in_tags,
    luck,
)

if TYPE_CHECKING:
    from pytest_promptopt.optimize import SearchPlan
    from pytest_promptopt.records import Candidate, Case, Completion, Request

HOLDOUT = 32
EARLIER = ("Put the message away.", "Which drawer?", "Say the drawer of it.")
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "gpo": [{"momentum": "summary"}, {"reflection": False}, {"momentum": "relevance"}],
    "ape": [{"resample": 2, "queries": 2}],
    "evoprompt-ga": [{"population": 4}],
    "evoprompt-de": [{"population": 4}, {"together": False, "population": 5}],
    "gi": [{"written": 1.0}, {"evaluations": 7}],
    "gi-shrink": [{"written": 1.0}],
    "reflect": [{"merges": 3}, {"merges": 2, "gate": "sum"}],
}
FEW_CASES = {"gi-shrink": {"margin": 0.15}}
"""Without these the hold-out is too small for a search to begin."""

ASKING = {
    "gi": {"written": 1.0, "removal": 0.0},
    "gi-shrink": {"written": 1.0, "removal": 0.0, "margin": 0.15},
}
"""Options with which a strategy that asks by chance always does; they have no race."""


def writing(request: Request) -> Completion:
    """Write a text that was never there before."""
    number = int(1e9 * luck(request.messages[-1].content, request.seed))
    return in_tags(request, f"Sort it well, as variant {number} says.")


def lucky(candidate: Candidate, case: Case) -> float:
    """Give each text chances of its own, so that some get in and some do not."""
    text = "".join(candidate.texts.values())
    return float(luck(case.id, text) < 0.3 + 0.4 * luck(text))


def a_world(**changes: Any) -> World:
    given: dict[str, Any] = {"reply": writing, "quality": lucky, "train": 10, **changes}
    return World(name="of many texts", **given)


def searched(
    strategy: Any, world: World, budget: int | None = None
) -> tuple[Outlook, WholeSearch, SearchPlan]:
    plan = world.plan(holdout=HOLDOUT, budget=budget)
    # As it is before the search: nobody has asked git for earlier versions.
    found = outlook(replace(plan, earlier=()), strategy, earlier=len(EARLIER))
    return found, run_search(strategy, world, plan), plan


def scored(whole: WholeSearch) -> int:
    """Return how many candidates were scored beside the start."""
    measured = [effect for effect in whole.effects if isinstance(effect, Measure)]
    keys = {each.key for effect in measured for each in effect.candidates}
    return len(keys) - 1


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_no_search_exceeds_what_was_said_before_it(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(BUILT_IN)))
    options = data.draw(st.sampled_from([{}, *OPTIONS.get(name, [])]))
    templates = (MARKED, TWICE_MARKED, WITH_EXAMPLES)
    only = name == "examples"
    world = a_world(
        template=WITH_EXAMPLES if only else data.draw(st.sampled_from(templates)),
        steps=data.draw(st.integers(1, 3)),
        train=data.draw(st.integers(5, 12)),
        earlier=EARLIER[: data.draw(st.integers(0, len(EARLIER)))],
        embeds=data.draw(st.booleans()),
        reply=data.draw(st.sampled_from([writing, half_lost])),
    )
    budget = data.draw(st.one_of(st.none(), st.integers(900, 3_000)))

    options = {**FEW_CASES.get(name, {}), **options}
    found, whole, _ = searched(strategy_named(name, options), world, budget)

    assert found.proposals is not None
    assert found.requests is not None
    assert found.calls is not None
    assert scored(whole) <= found.proposals
    assert len(whole.requests) <= found.requests
    assert whole.calls <= found.calls


APART = {"examples", "icpi"}
"""Who asks nobody, and who simulates as far as it goes: mostly not very far."""


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - APART))
def test_what_is_said_is_not_far_from_what_is_tried(name: str) -> None:
    world = a_world(steps=4)

    options = ASKING.get(name, {"race": False})
    found, whole, _ = searched(strategy_named(name, options), world)

    assert found.requests is not None
    assert len(whole.requests) >= 0.6 * found.requests


def test_the_requests_of_an_embeddings_model_count_as_well() -> None:
    strategy = strategy_named("gpo")
    with_it, whole, _ = searched(strategy, a_world(embeds=True, steps=4))
    without, _, _ = searched(strategy, a_world(steps=4))

    assert with_it.calls is not None
    assert without.calls is not None
    assert with_it.calls - without.calls == 4
    assert 0 < sum(isinstance(effect, Embed) for effect in whole.effects) <= 4


def test_the_requests_are_those_to_the_optimizer_model() -> None:
    found, whole, _ = searched(strategy_named("opro"), a_world(steps=2))

    asked = [effect for effect in whole.effects if isinstance(effect, Complete)]
    assert found.requests == 16 == sum(effect.calls for effect in asked)
