"""The head of the page: what the run came to, a row for each prompt test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.figures import is_carried_over
from pytest_promptopt.report.html.bars import bar
from pytest_promptopt.report.html.markup import EMPTY, items, joined, table, tag
from pytest_promptopt.report.html.section import chip
from pytest_promptopt.report.html.visible import visible
from pytest_promptopt.report.lines import cost
from pytest_promptopt.report.suite_verdict import suite_verdict
from pytest_promptopt.wording import beside, change, count, p_value, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import TestResult, Verdict
    from pytest_promptopt.report.html.visible import Html
    from pytest_promptopt.report.run_report import RunReport

_HEADS = (
    "prompt",
    "verdict",
    "accuracy",
    "change",
    "p (limit)",
    "smallest drop seen",
    "calls",
    "cost",
)

_WITHHELD = (
    "The texts of cases and replies are withheld: only ids, places and figures are "
    "shown. The setting promptopt_show_data = full shows them."
)


def head(report: RunReport, shortened: Sequence[str]) -> Html:
    """Write what the run came to.

    Args:
        report: The run.
        shortened: What was left out to keep the page small.
    """
    made = f"pytest-promptopt {report.version}".strip()
    day = f"{report.date} · " if report.date else ""
    shape = suite_verdict(report.results).outcome
    return tag(
        "header",
        tag("p", f"{day}{made}", class_="sub"),
        tag(
            "h1", tag("span", class_=f"mark {shape}", aria_hidden="true"), title(report)
        ),
        tag("p", report.drift, class_="note") if report.drift else EMPTY,
        items(report.problems, class_="bad"),
        items(report.remarks, class_="warn"),
        *[tag("p", text, class_="note") for text in _notes(report, shortened)],
        _apply(report),
    )


def title(report: RunReport) -> str:
    """Say in a line what the run came to: ``"3 prompt tests: 1 fail, 2 pass"``."""
    if not report.results:
        return "No prompt test was run"
    found = suite_verdict(report.results).counts
    told = [f"{number:,} {outcome}" for outcome, number in found.items() if number]
    return f"{count(sum(found.values()), 'prompt test')}: {', '.join(told)}"


def _notes(report: RunReport, shortened: Sequence[str]) -> list[str]:
    """Return what holds for the whole page."""
    results = report.results
    withheld = report.shows == "ids" or any(one.shows == "ids" for one in results)
    notes = dict.fromkeys(note for result in results for note in result.notes)
    return [*([_WITHHELD] if withheld else []), *shortened, *notes]


def _apply(report: RunReport) -> Html:
    if not report.apply_command:
        return EMPTY
    return tag(
        "p",
        "Apply the proposals with ",
        tag("code", report.apply_command),
        " or open pull requests with ",
        tag("code", "promptopt pr"),
    )


def overview(results: Sequence[TestResult], names: Sequence[str]) -> Html:
    """Write a row for each prompt test; nothing without any.

    Args:
        results: The prompt tests.
        names: Identities of their sections in the page.
    """
    if not results:
        return EMPTY
    rows = [_row(*pair) for pair in zip(results, names, strict=True)]
    return tag(
        "nav",
        table("Prompt tests of this run", _HEADS, rows, name="overview"),
        aria_label="Prompt tests",
    )


def _row(result: TestResult, name: str) -> list[Html | str]:
    verdict = result.verdict
    link = tag("a", visible(result.prompt or result.nodeid, 120), href=f"#{name}")
    return [
        joined([link, tag("span", visible(_test_name(result), 120), class_="sub")]),
        chip(verdict),
        bar(verdict.accuracy, kind="now", interval=verdict.interval),
        "-" if is_carried_over(verdict) else change(verdict.change),
        _chance(verdict),
        "-" if verdict.detectable is None else _drop(verdict.detectable),
        f"{result.calls + result.paid:,}",
        _cost(result),
    ]


def _test_name(result: TestResult) -> str:
    path, bracket, parameters = result.nodeid.partition("[")
    return path.rpartition("::")[2] + bracket + parameters


def _chance(verdict: Verdict) -> str:
    if verdict.p_value is None:
        return "-"
    of = "" if (verdict.change or 0.0) < 0.0 else "a drop"
    if verdict.limit is None:
        return p_value(verdict.p_value, of=of)
    shown, held = beside(verdict.p_value, verdict.limit, of=of)
    return f"{shown} ({held})"


def _drop(share: float) -> str:
    return "none" if share >= 1.0 else points(share)


def _cost(result: TestResult) -> str:
    """Write what the gate and the search have cost together."""
    parts = [result.cost, result.search_cost if result.search is not None else 0.0]
    known = [part for part in parts if part is not None]
    return cost(sum(known) if len(known) == len(parts) else None)
