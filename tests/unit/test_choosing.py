"""Nobody has to know the strategies: one is chosen from what is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.optimize.choosing import Choice, Known, choose
from pytest_promptopt.optimize.registry import BUILT_IN

PLAIN = Known(regions=1, words=40, characters=240, cases=100)

KNOWN = st.builds(
    Known,
    regions=st.integers(0, 5),
    examples=st.integers(0, 2),
    prompts=st.integers(1, 4),
    words=st.integers(0, 3000),
    characters=st.integers(0, 20_000),
    cases=st.integers(1, 500),
    answered=st.integers(0, 500),
    reasons=st.booleans(),
    earlier=st.integers(0, 5),
    proposals=st.none() | st.integers(0, 500),
)


@pytest.mark.parametrize(
    ("facts", "strategy"),
    [
        ({"regions": 0, "examples": 1, "answered": 100}, "examples"),
        ({"regions": 1, "examples": 1, "answered": 100}, "reflect"),
        ({"prompts": 2}, "reflect"),
        ({"prompts": 2, "earlier": 5}, "reflect"),
        ({"earlier": 4}, "evoprompt-de"),
        ({"earlier": 4, "answered": 100, "proposals": 100}, "evoprompt-de"),
        ({"earlier": 4, "answered": 100, "proposals": 99}, "reflect"),
        ({"earlier": 3, "answered": 100}, "reflect"),
        ({"words": 5, "answered": 100}, "ape"),
        ({"words": 5, "answered": 100, "proposals": 50}, "ape"),
        ({"words": 5, "answered": 100, "proposals": 49}, "reflect"),
        ({"words": 5, "answered": 99}, "reflect"),
        ({"words": 6, "answered": 100}, "reflect"),
        ({"answered": 50}, "reflect"),
        ({"reasons": True}, "reflect"),
        ({"answered": 49}, "opro"),
        ({"characters": 500}, "opro"),
        ({"characters": 501}, "gpo"),
        ({"characters": 501, "reasons": True}, "reflect"),
    ],
)
def test_each_rule_holds_where_its_paper_does(
    facts: dict[str, Any], strategy: str
) -> None:
    assert choose(replace(PLAIN, **facts)).strategy == strategy


def test_the_reason_names_the_facts() -> None:
    assert choose(replace(PLAIN, earlier=5)) == Choice(
        strategy="evoprompt-de",
        reason="5 earlier versions and the start make a population, and the budget "
        "buys 100 candidates or more",
    )
    assert "1,234 characters" in choose(replace(PLAIN, characters=1234)).reason


@given(KNOWN)
def test_what_is_chosen_exists_and_says_why_on_one_line(known: Known) -> None:
    choice = choose(known)

    assert choice.strategy in BUILT_IN
    assert choice.reason
    assert "\n" not in choice.reason
    assert choice == choose(replace(known))


@given(KNOWN, st.integers(0, 500))
def test_more_budget_never_takes_back_a_strategy_that_needs_much(
    known: Known, more: int
) -> None:
    richer = replace(
        known, proposals=None if known.proposals is None else known.proposals + more
    )
    rank = {"evoprompt-de": 2, "ape": 1}

    before, after = choose(known).strategy, choose(richer).strategy

    assert after == before or rank.get(after, 0) > rank.get(before, 0)


@given(KNOWN, st.integers(0, 500))
def test_knowing_why_never_leads_to_a_strategy_by_scores_alone(
    known: Known, answered: int
) -> None:
    more = replace(known, reasons=True)
    longer = replace(known, characters=known.characters + answered)

    assert choose(more).strategy not in ("opro", "gpo")
    assert choose(longer).strategy in (choose(known).strategy, "gpo")
