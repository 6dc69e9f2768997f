"""The head of a report in Markdown: the verdict, the table, and what stands below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.report.figures import has_figures, is_carried_over
from pytest_promptopt.report.lines import is_doubted
from pytest_promptopt.report.markdown import code, plain
from pytest_promptopt.report.recipients import recipient_items
from pytest_promptopt.report.suite_verdict import judged, suite_verdict
from pytest_promptopt.wording import (
    beside,
    change,
    count,
    interval,
    money,
    p_value,
    percent,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import TestResult, Verdict
    from pytest_promptopt.report.run_report import RunReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How much is told of each prompt test.

    Attributes:
        cases: Cases that got worse, at most.
        characters: Characters of an input, a reply or a right answer.
        diff: Characters of each diff; 0: none is shown.
        lines: Lines of explanation.
        figures: Lines of figures that the verdict rests on.
    """

    cases: int
    characters: int
    diff: int
    lines: int
    figures: int


MEASURES = (
    Measure(cases=6, characters=200, diff=20_000, lines=40, figures=40),
    Measure(cases=5, characters=100, diff=5_000, lines=20, figures=20),
    Measure(cases=5, characters=60, diff=1_500, lines=20, figures=10),
    Measure(cases=3, characters=0, diff=0, lines=6, figures=0),
    Measure(cases=0, characters=0, diff=0, lines=2, figures=0),
)
"""What is tried in turn, until a text is short enough."""

ICONS = {"fail": "❌", "error": "🛑", "inconclusive": "⚠️", "pass": "✅"}
_LINE = 400
"""Characters of a remark or a problem."""

_LISTED = 20
"""Remarks, problems and notes that are told, of each."""

WITHHELD = (
    "Texts of cases and replies are withheld here, as `promptopt_show_data` says: ids, "
    "places and figures only."
)


def icon(verdict: Verdict) -> str:
    """Return the sign of a verdict."""
    return "⚠️" if is_doubted(verdict) else ICONS[verdict.outcome]


def headline(report: RunReport, *, brief: bool = False) -> list[str]:
    """Say what all prompt tests came to, and what else fails the run."""
    suite = suite_verdict(report.results)
    number = sum(suite.counts.values())
    first = suite.counts.get(suite.outcome, 0)
    of = f"{first:,} of " if first != number else ""
    told = f"{of}{count(number, 'prompt test')}"
    said = {
        "fail": f"❌ {told} failed",
        "error": f"🛑 {told} could not be judged",
        "inconclusive": f"⚠️ {told} inconclusive",
        # A run that did not end may have met the failures later.
        "pass": (
            f"⚠️ {told} passed, with problems"
            if report.problems
            else f"✅ {told} passed"
        ),
        "none": "NOT GATED",
    }[suite.outcome]
    parts = [f"## Prompts: {said}"]
    if not any(map(_is_gated, report.results)):
        parts.append(_not_gated(number))
    elif len([outcome for outcome in suite.counts.values() if outcome]) > 1:
        listed = [f"{n:,} {outcome}" for outcome, n in suite.counts.items() if n]
        parts.append(", ".join(listed))
    if brief:
        return parts
    parts += [f"**Drift:** {plain(report.drift)}"] if report.drift else []
    problems = [f"**Problem:** {_told(text)}" for text in report.problems]
    return [*parts, _list(problems), _list(list(map(_told, report.remarks)))]


def _is_gated(result: TestResult) -> bool:
    """Return whether a prompt was held against something, or at least scored."""
    verdict = result.verdict
    scored = verdict.outcome != "error" and verdict.accuracy is not None
    return result in judged([result]) and (scored or verdict.outcome == "fail")


def _not_gated(number: int) -> str:
    said = "no prompt test ran"
    if number > 1:
        said = f"none of {number:,} prompt tests was judged"
    if number == 1:
        said = "the prompt test was not judged"
    return f"**NOT GATED:** {said}. This says nothing about the prompts."


def _told(text: str) -> str:
    return plain(text, most=_LINE)


def _list(texts: Sequence[str]) -> str:
    """Return a list of Markdown texts, of which the last ones may be counted."""
    items = [f"- {text}" for text in texts[:_LISTED]]
    if len(texts) > _LISTED:
        items.append(f"- and {len(texts) - _LISTED:,} more")
    return "\n".join(items)


def overview(results: Sequence[TestResult], *, rows: int) -> list[str]:
    """Return a table with a row for each prompt test.

    Args:
        results: The prompt tests, in order.
        rows: How many of them get a row; the others are counted.
    """
    told = judged(results)
    if not told:
        return []
    lines = [
        "| prompt | verdict | accuracy | points | p of a drop | cases | calls |",
        "| :-- | :-- | :-- | --: | :-- | --: | --: |",
        *(_row(result) for result in told[:rows]),
    ]
    left = told[rows:]
    said = f"{count(len(left), 'more prompt test')} not listed" if left else ""
    return ["\n".join(lines) if rows else "", said]


def _row(result: TestResult) -> str:
    verdict = result.verdict
    name = result.nodeid.partition("[")
    test = name[0].rpartition("::")[2] + name[1] + name[2]
    spent = result.calls + result.paid
    cells = [
        f"{code(result.prompt, cell=True, most=80)}<br>"
        f"{code(test, cell=True, most=80)}",
        f"{icon(verdict)}&nbsp;**{verdict.outcome}**<br>({plain(verdict.cause)})",
        *_figures(verdict),
        f"{spent:,}" + (f"<br>{_cost(result)}" if spent else ""),
    ]
    return f"| {' | '.join(cells)} |"


def _figures(verdict: Verdict) -> list[str]:
    if not has_figures(verdict):
        return ["", "", "", ""]
    bounds = interval(verdict.interval).replace(" ", "&nbsp;")
    compared = verdict.change is not None and not is_carried_over(verdict)
    was = f"{percent(verdict.baseline_accuracy)}&nbsp;→&nbsp;" if compared else ""
    trials = f"&nbsp;x&nbsp;{verdict.trials}" if verdict.trials > 1 else ""
    return [
        f"{was}**{percent(verdict.accuracy)}**" + (f"<br>{bounds}" if bounds else ""),
        change(verdict.change).partition(" ")[0] if compared else "",
        _chance(verdict),
        f"{verdict.cases:,}{trials}",
    ]


def _chance(verdict: Verdict) -> str:
    if verdict.p_value is None:
        return ""
    if verdict.limit is None:
        return _unnamed(p_value(verdict.p_value))
    shown, held = beside(verdict.p_value, verdict.limit)
    return f"{_unnamed(shown)}<br>(limit&nbsp;{held})"


def _unnamed(chance: str) -> str:
    """Return ``"0.031"`` of ``"p = 0.031"``: the column has the name."""
    named = chance.removeprefix("p = ").removeprefix("p ")
    return named.replace("<", "\\<").replace(" ", "&nbsp;")


def _cost(result: TestResult) -> str:
    searched = result.search_cost if result.paid else 0.0
    if result.cost is None or searched is None:
        return "cost unknown"
    return money(result.cost + searched).replace("$", "\\$").replace("<", "\\<")


def closing(report: RunReport, *, shortened: bool, brief: bool = False) -> list[str]:
    """Say what is to be known beside the verdicts, and who was sent what."""
    notes = dict.fromkeys(note for one in report.results for note in one.notes)
    who = dict.fromkeys(one for result in report.results for one in result.recipients)
    items = [f"- {plain(item)}" for item in recipient_items(list(who))]
    made = f"pytest-promptopt {report.version}, {report.date}"
    parts = [
        _list([f"Note: {_told(note)}" for note in notes]),
        folded("Which text went where", "\n".join(items)) if items else "",
        WITHHELD if report.shows == "ids" else "",
    ]
    said = "This text was shortened to what GitHub can show." if shortened else ""
    return [*([] if brief else parts), said, f"<sub>{made}</sub>"]


def folded(title: str, body: str) -> str:
    """Return a text below a title that opens it.

    Args:
        title: A text of ours, without Markdown.
        body: Markdown; empty: nothing is returned.
    """
    if not body:
        return ""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
