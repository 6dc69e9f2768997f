"""A verdict in one line: what was decided, on which figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.wording import (
    age,
    beside,
    change,
    count,
    interval,
    limit,
    p_value,
    percent,
    points,
    quantity,
)

if TYPE_CHECKING:
    from pytest_promptopt.records import LimitCheck, TestResult, Verdict


SINGLE = "one case"
"""Cause of the verdict of a look at one case, which decides nothing."""

BLIND = "too few cases for any drop to be seen"


def one_line(result: TestResult, *, today: str | None = None) -> str:
    """Say in one line what was decided, on which figures.

    Args:
        result: What a prompt test reports.
        today: ISO day by which the age of a record is told; ``None``: it is not told.
    """
    verdict = result.verdict
    if verdict.cause == SINGLE:
        return verdict.message.partition("\n")[0]
    head = f"{verdict.outcome} ({verdict.cause})"
    if not has_figures(verdict):
        reason = verdict.message.splitlines()[0] if verdict.message else ""
        return f"{head}: {reason}" if reason else head
    return f"{head}: {', '.join([*_occasion(verdict), *_figures(verdict, today)])}"


def has_figures(verdict: Verdict) -> bool:
    """Return whether the one line tells figures; else it tells the message."""
    return verdict.outcome != "error" and verdict.accuracy is not None


def score(verdict: Verdict) -> str:
    """Write an accuracy with its 95 % interval and the cases it rests on."""
    shown = f"{percent(verdict.accuracy)} {interval(verdict.interval)}".strip()
    return f"{shown} of {count(verdict.cases, 'case')}"


def moved(check: LimitCheck) -> str:
    """Write how a part moved under its limit: ``"tokens 120 -> 160 (limit +10%)"``."""
    return (
        f"{check.part} {quantity(check.was)} -> {quantity(check.now)}"
        f" (limit {check.limit})"
    )


def _figures(verdict: Verdict, today: str | None) -> list[str]:
    told = recorded(verdict, today)
    if not is_carried_over(verdict):
        told = comparison(verdict, today)
    return [score(verdict), *told, *sight(verdict)]


def is_carried_over(verdict: Verdict) -> bool:
    """Return whether a record's own figures are told: nothing was compared."""
    return verdict.p_value is None and verdict.baseline_accuracy is not None


def recorded(verdict: Verdict, today: str | None = None) -> list[str]:
    """Write when the record was made, and how long ago that is."""
    date = verdict.baseline_date
    return [] if date is None else [f"recorded {_aged(date, today)}"]


def _aged(date: str, today: str | None) -> str:
    old = age(date, today) if today is not None else ""
    return f"{date} ({old})" if old else date


def comparison(verdict: Verdict, today: str | None = None) -> list[str]:
    """Write the baseline's accuracy and age, the change, and its p and limit."""
    parts = []
    if verdict.change is not None:
        was = f"baseline {percent(verdict.baseline_accuracy)}"
        if (date := verdict.baseline_date) is not None:
            parts.append(f"{was} of {_aged(date, today)}")
        else:
            parts.append(was)
        parts.append(change(verdict.change))
    if verdict.p_value is not None:
        # It is the p of a drop: beside a gain a bare "p = 1" would be misread.
        of = "" if (verdict.change or 0.0) < 0.0 else "a drop"
        if verdict.limit is None:
            parts.append(p_value(verdict.p_value, of=of))
        else:
            shown, held = beside(verdict.p_value, verdict.limit, of=of)
            parts.append(f"{shown} (limit {held})")
    return parts


def is_blind(verdict: Verdict) -> bool:
    """Return whether even the loss of every case would not be seen."""
    return verdict.detectable is not None and verdict.detectable >= 1.0


def sight(verdict: Verdict) -> list[str]:
    """Write the smallest drop that the suite can show, and where it is held."""
    if verdict.detectable is None:
        return []
    if is_blind(verdict):
        return [BLIND]
    if verdict.p_value is not None:
        return [f"smallest drop it could show {points(verdict.detectable)}"]
    held = f" (limit {limit(verdict.limit)})" if verdict.limit is not None else ""
    return [f"an edit must drop {points(verdict.detectable)} to be seen{held}"]


def _occasion(verdict: Verdict) -> list[str]:
    """Say what decided, where the accuracy did not."""
    if verdict.cause == "must_pass" and verdict.broken:
        return [_broken(verdict.broken)]
    if verdict.cause == "limit":
        return [moved(check) for check in verdict.limits if check.state == "exceeded"]
    if verdict.cause == "cases lost":
        kinds = [
            (len(verdict.removed), "removed"),
            (len(verdict.changed), "changed"),
            (len(verdict.missing), "missing"),
            (len(verdict.unscored), "with unscored replies"),
        ]
        return [f"{count(number, 'case')} {kind}" for number, kind in kinds if number]
    return []


def _broken(ids: tuple[str, ...]) -> str:
    if len(ids) == 1:
        return f"must_pass case {ids[0]} broken"
    return f"{count(len(ids), 'must_pass case')} broken"
