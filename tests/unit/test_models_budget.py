"""A budget of model calls."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_promptopt.errors import BudgetExhausted, SettingError
from pytest_promptopt.models.budget import Budget


def take(budget: Budget) -> bool:
    try:
        budget.take()
    except BudgetExhausted:
        return False
    return True


def test_a_budget_says_what_is_spent_and_left() -> None:
    budget = Budget(3)

    budget.take()

    assert (budget.calls, budget.spent, budget.left) == (3, 1, 2)


def test_no_limit_is_never_exhausted_and_still_counts() -> None:
    budget = Budget(None)

    for _ in range(1000):
        budget.take()

    assert (budget.spent, budget.left) == (1000, None)


@pytest.mark.parametrize(
    ("calls", "problem"),
    [
        (0, "the budget of 0 model calls is spent"),
        (1, "the budget of 1 model call is spent"),
        (2, "the budget of 2 model calls is spent"),
    ],
)
def test_a_spent_budget_names_its_number_and_the_option(
    calls: int, problem: str
) -> None:
    budget = Budget(calls)
    for _ in range(calls):
        budget.take()

    with pytest.raises(BudgetExhausted) as caught:
        budget.take()

    assert str(caught.value) == f"{problem}\n  hint: raise it with --promptopt-budget=N"
    assert not caught.value.retryable
    assert budget.spent == calls


def test_many_threads_together_never_take_more_than_there_is() -> None:
    budget = Budget(500)

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(lambda _: take(budget), range(2000)))

    assert taken == budget.spent == 500


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(SettingError, match="a budget of -1 calls cannot be kept"):
        Budget(-1)
