"""What a search came to: the curve, the steps, where the proposal comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.gain_split import split_told
from pytest_promptopt.report.html.curve import curve
from pytest_promptopt.report.html.diff_block import BRIEF, MOST, diff_block
from pytest_promptopt.report.html.markup import EMPTY, items, joined, table, tag
from pytest_promptopt.report.lineage import lineage_items
from pytest_promptopt.report.lines import cost, runs
from pytest_promptopt.report.rechecks import recheck_items
from pytest_promptopt.report.score_changes import change_items
from pytest_promptopt.report.search_log import opinion
from pytest_promptopt.report.stops import stop_reason
from pytest_promptopt.wording import beside, change, count, interval, percent

if TYPE_CHECKING:
    from pytest_promptopt.records import Proposal, SearchResult, Step, TestResult
    from pytest_promptopt.report.html.visible import Html

MOST_STEPS = 300
"""Steps that the table shows, the first ones; the rest are counted."""

MOST_SCORES = 300
"""Scores that the table of candidates shows, the first ones."""

_LEGEND = (
    ("train", "a candidate, on all train cases"),
    ("partial", "given up early: scored on fewer"),
    ("best", "best so far"),
    ("holdout", "on hold-out cases, which no candidate was tuned on"),
)


def search_section(
    result: TestResult, *, diff: str, name: str, brief: bool = False
) -> Html:
    """Write what the search of a prompt test came to; nothing without one.

    Args:
        result: What the test reports.
        diff: Unified diff that the search proposes; empty without one.
        name: Identity of the test in the page.
        brief: Whether the curve and the tables are left out, and most of the diff.
    """
    search = result.search
    if search is None:
        return EMPTY
    told = [
        tag("h3", "Search"),
        tag("p", *_outcome(search)),
        items(search.notes, class_="warn"),
    ]
    if search.proposal is not None:
        told.append(items(_proposal(search.proposal)))
    if diff:
        most = BRIEF if brief else MOST
        shown = diff_block(diff, label="the proposal", most=most)
        told += [tag("h4", "What it proposes"), shown]
    if (search.scored or search.steps) and not brief:
        told += [_figure(search, name), _steps(search, name), _scores(search, name)]
    for title, lines in (
        ("Comes from", lineage_items(search.lineage)),
        (
            "Other prompt tests with the change, against without it",
            recheck_items(result.rechecks),
        ),
    ):
        told += [tag("h4", title), items(lines)] if lines else []
    return joined([*told, tag("p", _spent(result, search))])


def _outcome(search: SearchResult) -> list[str]:
    head = f"{search.strategy}, seed {search.seed}: "
    # What a proposal's message says stands in the list below.
    said = "" if search.proposal is not None else search.message
    message = f". {said}" if said else "."
    ended = f" It ended when {stop_reason(search)}." if search.steps else ""
    split = ""
    if search.train_cases:
        split = f" {count(search.train_cases, 'train case')}, "
        split += f"{count(search.holdout_cases, 'hold-out case')}."
    return [head, tag("b", search.outcome), f"{message}{ended}{split}"]


def _proposal(found: Proposal) -> list[str]:
    p, limit = beside(found.p_value, found.alpha)
    told = [
        f"hold-out {percent(found.before)} -> {percent(found.after)}: "
        f"{change(found.gain)} {interval(found.interval)}, {p} (limit {limit}), "
        f"{count(found.holdout_cases, 'case')} x {count(found.trials, 'trial')}, use "
        f"number {found.look + 1} of this hold-out"
    ]
    if found.second is not None:
        told.append(opinion(found.second))
    if found.split is not None:
        told.append(split_told(found.split))
    return [*told, *change_items(found)]


def _figure(search: SearchResult, name: str) -> Html:
    legend = [
        tag("li", tag("i", class_=f"key {kind}", aria_hidden="true"), text)
        for kind, text in _LEGEND
    ]
    title = tag("figcaption", tag("ul", *legend, class_="legend"))
    return tag("figure", curve(search, name=f"{name}-s"), title)


def _steps(search: SearchResult, name: str) -> Html:
    shown = search.steps[:MOST_STEPS]
    heads = ["step", "best on train", "tried", "turned away", "calls so far", "cost"]
    left = len(search.steps) - len(shown)
    more = f"; {count(left, 'more step')} not shown" if left else ""
    rows = [_step(step) for step in shown]
    if not rows:
        return EMPTY
    return table(f"Steps of the search{more}", heads, rows, name=f"{name}-st")


def _scores(search: SearchResult, name: str) -> Html:
    """Write what the dots of the curve are, for those who cannot see them."""
    shown = search.scored[:MOST_SCORES]
    if not shown:
        return EMPTY
    left = len(search.scored) - len(shown)
    more = f"; {count(left, 'more score')} not shown" if left else ""
    rows = [
        [
            one.key,
            one.origin or "-",
            str(one.step) if one.step else "start",
            f"{one.cases:,} {'hold-out' if one.holdout else 'train'}",
            percent(one.mean),
            f"{one.calls:,}",
        ]
        for one in shown
    ]
    heads = ["candidate", "made by", "step", "cases", "score", "calls so far"]
    figures = table(f"Scores of candidates{more}", heads, rows, name=f"{name}-sc")
    every = tag("summary", f"{count(len(search.scored), 'score')} of candidates")
    return tag("details", every, figures, class_="more")


def _step(step: Step) -> list[str]:
    tried = f"{step.scored:,} of {step.asked:,}" if step.asked else f"{step.scored:,}"
    away = ", ".join(f"{name} {n}" for name, n in sorted(step.rejected.items()))
    return [
        str(step.number) if step.number else "start",
        percent(step.best),
        tried,
        away or "-",
        f"{step.calls:,}",
        "-" if step.cost is None else cost(step.cost),
    ]


def _spent(result: TestResult, search: SearchResult) -> str:
    asked = "none of them to an optimizer model"
    if search.optimizer_calls:
        asked = f"{search.optimizer_calls:,} of them to {result.optimizer_model}"
    told = [
        f"{count(result.paid + result.replayed, 'call')} of the search, {asked}",
        f"{result.replayed:,} replayed from the cache",
        cost(result.search_cost),
        *([runs(result.search_runs)] if result.search_runs else []),
    ]
    return f"{', '.join(told)}."
