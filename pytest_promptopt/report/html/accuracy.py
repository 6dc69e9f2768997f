"""The accuracy of a prompt test: of both arms, of each trial, of each tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.figures import is_carried_over, recorded
from pytest_promptopt.report.html.bars import bar
from pytest_promptopt.report.html.markup import EMPTY, joined, table, tag
from pytest_promptopt.report.html.visible import visible
from pytest_promptopt.wording import change, count, interval, percent, quantity

if TYPE_CHECKING:
    from pytest_promptopt.records import TagAccuracy, Verdict
    from pytest_promptopt.report.html.survey import Mean, Survey
    from pytest_promptopt.report.html.visible import Html

MOST_TAGS = 200
"""Tags that the table names; the rest are counted."""

MOST_TRIALS = 20


def accuracy(verdict: Verdict, survey: Survey, *, name: str) -> Html:
    """Write the tables; nothing where nothing was scored.

    Args:
        verdict: What was decided.
        survey: What is known of the cases.
        name: Identity of the section in the page.
    """
    if verdict.accuracy is None:
        return EMPTY
    tables = [
        _arms(verdict, name),
        _trials(survey, name),
        _tags(verdict, name),
        _limits(verdict, name),
    ]
    return joined([tag("h3", "Accuracy"), tag("div", *tables, class_="tables")])


def _arms(verdict: Verdict, name: str) -> Html:
    rows = []
    was, bounds = verdict.baseline_accuracy, verdict.baseline_interval
    if was is not None and not is_carried_over(verdict):
        drawn = bar(was, kind="was", interval=bounds)
        rows.append([_arm_name(verdict), drawn, interval(bounds)])
    now = bar(verdict.accuracy, kind="now", interval=verdict.interval)
    rows.append([_own_name(verdict), now, interval(verdict.interval)])
    heads = ["arm", "accuracy", "95% interval"]
    caption = f"Mean score over {count(verdict.cases, 'case')}"
    return table(caption, heads, rows, name=f"{name}-a")


def _own_name(verdict: Verdict) -> str:
    if not is_carried_over(verdict):
        return "this prompt"
    return ", ".join(["this prompt", *recorded(verdict)])


def _arm_name(verdict: Verdict) -> str:
    return verdict.reference or "baseline"


def _trials(survey: Survey, name: str) -> Html:
    """Write the accuracy of each trial, where there is more than one."""
    number = min(max(len(survey.before), len(survey.after)), MOST_TRIALS)
    if number < 2:
        return EMPTY
    both = bool(survey.before)
    heads = ["trial", *(["before"] if both else []), "this prompt", "cases"]
    rows = []
    for at in range(number):
        cells = [str(at + 1)]
        if both:
            cells.append(bar(_mean(survey.before, at), kind="was"))
        cells.append(bar(_mean(survey.after, at), kind="now"))
        rows.append([*cells, f"{_cases(survey, at):,}"])
    return table("Mean score of each trial", heads, rows, name=f"{name}-t")


def _mean(means: list[Mean], at: int) -> float | None:
    return means[at].value if at < len(means) else None


def _cases(survey: Survey, at: int) -> int:
    return max(
        means[at].cases if at < len(means) else 0
        for means in (survey.before, survey.after)
    )


def _tags(verdict: Verdict, name: str) -> Html:
    if not verdict.tags:
        return EMPTY
    moved = not is_carried_over(verdict)
    ranked = sorted(verdict.tags, key=lambda entry: (_gain(entry), entry.tag))
    rows = [_tag(entry, moved=moved) for entry in ranked[:MOST_TAGS]]
    left = len(ranked) - MOST_TAGS
    more = f"; {count(left, 'more tag')} not shown" if left > 0 else ""
    both = ["before", "this prompt", "change"] if moved else ["this prompt"]
    heads = ["tag", "cases", *both]
    return table(f"Mean score of each tag{more}", heads, rows, name=f"{name}-g")


def _tag(entry: TagAccuracy, *, moved: bool) -> list[str]:
    now = bar(entry.now, kind="now")
    first = [visible(entry.tag, 100), f"{entry.cases:,}"]
    if not moved:
        return [*first, now]
    gain = None if entry.was is None else entry.now - entry.was
    return [*first, percent(entry.was), now, change(gain)]


def _gain(entry: TagAccuracy) -> float:
    return 0.0 if entry.was is None else entry.now - entry.was


def _limits(verdict: Verdict, name: str) -> Html:
    if not verdict.limits:
        return EMPTY
    rows = [
        [
            visible(check.part, 100),
            quantity(check.was),
            quantity(check.now),
            visible(check.limit, 100),
            {"unclear": "cannot tell"}.get(check.state, check.state),
        ]
        for check in verdict.limits
    ]
    heads = ["part", "before", "this prompt", "limit", "verdict"]
    return table("Parts held against a limit", heads, rows, name=f"{name}-l")
