"""One prompt test in the page: decision, grounds, figures, cases, search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.figures import is_carried_over
from pytest_promptopt.report.html.accuracy import accuracy
from pytest_promptopt.report.html.diff_block import BRIEF, MOST, diff_block
from pytest_promptopt.report.html.grounds_list import grounds, next_steps
from pytest_promptopt.report.html.markup import EMPTY, items, joined, tag
from pytest_promptopt.report.html.search_section import search_section
from pytest_promptopt.report.html.visible import Html, visible
from pytest_promptopt.report.lines import cost, is_doubted, runs
from pytest_promptopt.report.recipients import recipient_items
from pytest_promptopt.report.summary import needs_attention
from pytest_promptopt.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import TestResult, Verdict
    from pytest_promptopt.report.html.survey import Survey

MOST_OPEN = 100
"""Of more tests that need a look none is open: the table leads to each."""

OPEN = 3
"""Prompt tests up to which all are open; of more, those that need a look."""


def chip(verdict: Verdict) -> Html:
    """Write the verdict with its cause; the colour says nothing that is not there."""
    kind = "doubted" if is_doubted(verdict) else verdict.outcome
    text = f"{verdict.outcome} ({verdict.cause})"
    return tag("span", visible(text, 100), class_=f"chip {kind}")


def section(
    result: TestResult,
    survey: Survey,
    cases: Html,
    *,
    diff: str,
    name: str,
    is_open: bool,
    brief: bool = False,
) -> Html:
    """Write one prompt test.

    Args:
        result: What it reports.
        survey: What is known of its cases.
        cases: Its cases, already written.
        diff: Unified diff that its search proposes; empty without one.
        name: Identity of the section in the page.
        is_open: Whether it is open without being asked.
        brief: Whether diffs are cut and drawings left out: there are very many.
    """
    parts = [
        grounds(result),
        next_steps(result),
        accuracy(result.verdict, survey, name=name),
        _prompt(result, BRIEF if brief else MOST),
        joined([tag("h3", "Cases"), cases]) if cases else EMPTY,
        search_section(result, diff=diff, name=name, brief=brief),
        _spent(result),
    ]
    return tag(
        "section",
        tag(
            "details",
            tag("summary", *_head(result, name)),
            tag("div", *parts, class_="inside"),
            class_="test",
            open=is_open,
        ),
        id=name,
        class_="prompt-test",
        aria_labelledby=f"{name}-h",
        data_outcome=result.verdict.outcome,
    )


def stand_open(results: Sequence[TestResult]) -> list[bool]:
    """Return for each test whether it is open without being asked."""
    if len(results) <= OPEN:
        return [True] * len(results)
    noted = [needs_attention(result) for result in results]
    if sum(noted) > MOST_OPEN:  # a browser would lay all of them out at once
        return [False] * len(results)
    return noted


def _head(result: TestResult, name: str) -> list[Html]:
    verdict = result.verdict
    title = visible(result.prompt or result.nodeid, 200)
    by = f" · {result.model}" if result.model else ""
    figures = ""
    if verdict.accuracy is not None:
        figures = percent(verdict.accuracy)
        if verdict.baseline_accuracy is not None and not is_carried_over(verdict):
            figures = f"{percent(verdict.baseline_accuracy)} → {figures}"
    return [
        tag("h2", tag("span", title, class_="id"), id=f"{name}-h"),
        chip(verdict),
        tag("span", figures, class_="fig"),
        tag("span", visible(f"{result.nodeid}{by}", 500), class_="sub"),
    ]


def _prompt(result: TestResult, most: int) -> Html:
    """Write how the prompt differs from the one it is held against."""
    told = []
    for entry in result.source_changes:
        place = entry.path or entry.label
        place += f":{entry.line}" if entry.line else ""
        label = (
            entry.label if place.startswith(entry.label) else f"{entry.label}, {place}"
        )
        told.append(tag("h4", visible(place if label == entry.label else label, 500)))
        if entry.diff:
            told.append(diff_block(entry.diff, label=entry.label, most=most))
    if not told:
        return EMPTY
    return joined([tag("h3", "What changed in the prompt"), *told])


def _spent(result: TestResult) -> Html:
    told = [count(result.calls, "call")]
    if result.search is not None:
        told[0] += " of the gate"
    if result.cached:
        told.append(f"{result.cached:,} from the cache")
    if result.calls:
        told.append(cost(result.cost))
    if result.runs:
        told.append(runs(result.runs))
    sent = recipient_items(result.recipients)
    return joined(
        [
            tag("h3", "Calls and cost"),
            tag("p", f"{', '.join(told)}."),
            joined([tag("h4", "Which text went where"), items(sent)])
            if sent
            else EMPTY,
            joined([tag("h4", "Notes"), items(result.notes)])
            if result.notes
            else EMPTY,
        ]
    )
