"""A verdict in one line: what was decided, on which figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.wording import (
    age,
    chance,
    change,
    count,
    interval,
    p_value,
    percent,
    points,
    quantity,
)

if TYPE_CHECKING:
    from pytest_promptopt.records import LimitCheck, TestResult, Verdict


def one_line(result: TestResult, *, today: str | None = None) -> str:
    """Say in one line what was decided, on which figures.

    Args:
        result: What a prompt test reports.
        today: ISO day by which the age of a record is told; ``None``: it is not told.
    """
    verdict = result.verdict
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
    if is_carried_over(verdict):
        return [score(verdict), *recorded(verdict, today), *_sight_of_an_edit(verdict)]
    return [score(verdict), *comparison(verdict), *_sight(verdict)]


def is_carried_over(verdict: Verdict) -> bool:
    """Return whether a record's own figures are told: nothing was compared."""
    return verdict.p_value is None and verdict.baseline_accuracy is not None


def recorded(verdict: Verdict, today: str | None = None) -> list[str]:
    """Write when the record was made, and how long ago that is."""
    date = verdict.baseline_date
    if date is None:
        return []
    old = age(date, today) if today is not None else ""
    return [f"recorded {date}", *([old] if old else [])]


def _sight_of_an_edit(verdict: Verdict) -> list[str]:
    if verdict.detectable is None:
        return []
    return [f"an edit must drop {points(verdict.detectable)} to be seen"]


def comparison(verdict: Verdict) -> list[str]:
    """Write the baseline's accuracy, the change, and its p beside the limit."""
    parts = []
    if verdict.change is not None:
        was = percent(verdict.baseline_accuracy)
        parts += [f"baseline {was}", change(verdict.change)]
    if verdict.p_value is not None:
        # It is the p of a drop: beside a gain a bare "p = 1" would be misread.
        fell = (verdict.change or 0.0) < 0.0
        held = f" (limit {chance(verdict.limit)})" if verdict.limit is not None else ""
        parts.append(p_value(verdict.p_value, of="" if fell else "a drop") + held)
    return parts


def _sight(verdict: Verdict) -> list[str]:
    if verdict.detectable is None:
        return []
    return [f"smallest drop it could show {points(verdict.detectable)}"]


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
        ]
        return [f"{count(number, 'case')} {kind}" for number, kind in kinds if number]
    return []


def _broken(ids: tuple[str, ...]) -> str:
    if len(ids) == 1:
        return f"must_pass case {ids[0]} broken"
    return f"{count(len(ids), 'must_pass case')} broken"
