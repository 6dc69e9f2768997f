"""The edit budget against the test vectors of the fact sheet (reference/gpo.md)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.optimize.strategies.edit_budget import (
    SCHEDULES,
    EditBudget,
    differ_by_more,
)


def words(steps: int, **settings: int | str) -> str:
    budget = EditBudget(**settings)  # type: ignore[arg-type]
    return " ".join(str(budget.words(step, steps)) for step in range(1, steps + 1))


def test_cosine_decay_gives_the_numbers_of_the_fact_sheet() -> None:
    assert words(9) == "48 45 40 33 26 20 14 11 10"
    assert words(12) == "49 47 44 40 35 30 24 20 15 12 10 10"
    assert words(18) == "49 48 47 45 42 40 36 33 30 26 23 20 17 14 12 11 10 10"


def test_warm_up_gives_the_numbers_of_the_fact_sheet() -> None:
    five, one = words(18, warm_up=5), words(18, warm_up=1)
    assert five == "10 20 30 40 50 49 47 44 41 37 32 27 22 18 15 12 10 10"
    assert one == "50 49 48 47 44 42 38 35 31 28 24 21 17 15 12 11 10 10"


def test_linear_and_fixed_budgets() -> None:
    linear = "47 45 43 41 38 36 34 32 30 27 25 23 21 18 16 14 12 10"
    assert words(18, schedule="linear") == linear
    assert words(4, schedule="linear", warm_up=2) == "25 50 30 10"
    assert words(4, schedule="fixed") == "50 50 50 50"
    assert words(4, schedule="fixed", warm_up=2) == "25 50 50 50"
    assert words(2, schedule="none") == "None None"


@given(
    schedule=st.sampled_from(SCHEDULES[1:]),
    first=st.integers(1, 900),
    share=st.floats(0, 1),
    warm_up=st.integers(0, 30),
    steps=st.integers(1, 30),
    step=st.integers(1, 40),
)
def test_a_budget_is_at_least_one_word_and_at_most_the_first(
    schedule: str, first: int, share: float, warm_up: int, steps: int, step: int
) -> None:
    last = max(1, int(share * first))
    budget = EditBudget(schedule=schedule, first=first, last=last, warm_up=warm_up)

    found = budget.words(step, steps)

    assert found is not None
    assert 1 <= found <= first
    if not warm_up:
        assert found >= last


@pytest.mark.parametrize(
    ("new", "allowed", "beyond"),
    [
        ("Sort the ticket.", 0, False),
        ("Sort  the\nticket.", 0, False),  # layout is no word
        ("Sort every ticket.", 0, True),
        ("Sort every ticket.", 1, False),
        ("word " * 10_000, 50, True),
        ("", 3, False),
        ("", 2, True),
    ],
)
def test_a_text_is_held_against_its_budget(
    new: str,
    allowed: int,
    beyond: bool,  # noqa: FBT001
) -> None:
    assert differ_by_more("Sort the ticket.", new, allowed) is beyond
