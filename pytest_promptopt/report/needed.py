"""What would settle a verdict, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.gate.terms import Terms
from pytest_promptopt.wording import count, money, points

if TYPE_CHECKING:
    from pytest_promptopt.records import TestResult


def needed_lines(result: TestResult) -> list[str]:
    """Say how many cases, or trials, would settle an open verdict, and their price.

    Returns:
        One line; none where that is not the question.
    """
    needed, verdict = result.needed, result.verdict
    if needed is None:
        return []
    if needed.cases is None and needed.trials is None:
        return [_nothing(verdict.change or 0.0)]
    ways = []
    if needed.cases is not None:
        price = _price(needed.cases_calls, needed.cases_cost)
        more = f"about {needed.cases:,} cases in all instead of {verdict.cases:,}"
        ways.append(f"{more}{price}")
    if needed.trials is not None:
        price = _price(needed.trials_calls, needed.trials_cost)
        more = f"{needed.trials} trials of each case instead of {verdict.trials}"
        ways.append(f"{more}{price}")
    told = f"to settle it: {', or '.join(ways)}"
    if needed.trials is None:
        told += "; no number of trials would, with the cases there are"
    return [told]


def _price(calls: int, cost: float | None) -> str:
    if not calls:  # an application makes its own, which nobody counts
        return ""
    return f" ({count(calls, 'call')}{f', {money(cost)}' if cost else ''})"


def _nothing(change: float) -> str:
    tolerance = Terms().tolerance
    if -change < tolerance:
        return (
            "no number of cases or trials would settle it: a drop of at least "
            f"{points(tolerance / 2)} is too large to pass, and one below "
            f"{points(tolerance)} too small to fail"
        )
    return (
        "no number of cases or trials that is worth naming would settle it: the drop "
        f"is too close to the tolerance of {points(tolerance)}"
    )
