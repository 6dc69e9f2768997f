"""The whole page, in one file that needs nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_promptopt.report.html.assets import embedded, policy
from pytest_promptopt.report.html.cases import CUTS, Room, TooLong, cases_section, said
from pytest_promptopt.report.html.diff_block import BRIEF
from pytest_promptopt.report.html.effort import Effort
from pytest_promptopt.report.html.filters import filters
from pytest_promptopt.report.html.markup import EMPTY, joined, tag
from pytest_promptopt.report.html.overview import head, overview, title
from pytest_promptopt.report.html.section import section, stand_open
from pytest_promptopt.report.html.survey import survey
from pytest_promptopt.report.html.visible import Html, visible
from pytest_promptopt.report.suite_verdict import WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import TestResult
    from pytest_promptopt.report.html.survey import Cut, Survey
    from pytest_promptopt.report.run_report import RunReport

MOST = 15_000_000
"""Bytes of a page; see :data:`CUTS` for what is left out of a larger one."""

FRAMED = 0.6
"""Share of a page that is left to all but cases; of more, the largest parts go."""

MOST_TAGS = 200
"""Tags that can be filtered by: those of most cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """All of a page but its cases.

    Attributes:
        report: The run, the worst verdict first.
        surveys: What is known of the cases of each prompt test.
        tags: Those that can be filtered by.
        brief: Whether diffs are cut and drawings left out: there are very many.
    """

    report: RunReport
    surveys: tuple[Survey, ...]
    tags: tuple[str, ...]
    brief: bool = False

    def notes(self, cut: Cut) -> list[str]:
        """Say what was left out to keep the page small."""
        shorter = (
            f"Diffs are cut at {BRIEF:,} characters, and the curves of searches are "
            "left out: there are very many of them."
        )
        return [*filter(None, [said(cut)]), *([shorter] if self.brief else [])]


def page(report: RunReport, *, most: int = MOST) -> str:
    """Write a run's report as one HTML file.

    It can be read without its script, and loads nothing. Whatever the cases, replies
    and names hold is shown as text, and what could not be seen of it as escapes. A
    report on the same run is the same on every machine.

    Args:
        report: The run. The cases of each prompt test are read three times at most for
            each way of cutting them, one case at a time.
        most: Bytes of the page, encoded as UTF-8, at most; thousands of prompt tests
            take more even without a case.

    Returns:
        The page, with line feeds at the ends of lines.
    """
    report = replace(report, results=_worst_first(report.results))
    surveys = [survey(report.details(result), CUTS) for result in report.results]
    frame = Frame(report=report, surveys=tuple(surveys), tags=tuple(_tags(surveys)))
    bare = _page(frame, [EMPTY] * len(surveys), CUTS[-1])
    if _size(bare) > FRAMED * most:
        frame = replace(frame, brief=True)
        bare = _page(frame, [EMPTY] * len(surveys), CUTS[-1])
    room = most - _size(bare)
    sizes = [sum(one.sizes[at] for one in surveys) for at in range(len(CUTS))]
    for at, cut in enumerate(CUTS):
        if sizes[at] <= room or cut == CUTS[-1]:
            cases = _cases(frame, cut, room)
            if cases is not None:
                return _page(frame, cases, cut)
    return bare


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


def _worst_first(results: Sequence[TestResult]) -> tuple[TestResult, ...]:
    """Return the prompt tests as they are shown; of one outcome in their order."""
    return tuple(
        sorted(results, key=lambda one: WORST_FIRST.index(one.verdict.outcome))
    )


def _tags(surveys: Sequence[Survey]) -> list[str]:
    """Return the tags that can be filtered by, in their order."""
    counted: Counter[str] = Counter()
    for one in surveys:
        counted.update(one.tags)
    ranked = sorted(counted, key=lambda name: (-counted[name], name))
    return sorted(ranked[:MOST_TAGS])


def _cases(frame: Frame, cut: Cut, size: int) -> list[Html] | None:
    """Write the cases of each prompt test; ``None`` if they do not fit."""
    room, effort = Room(size), Effort()
    numbers = {name: at for at, name in enumerate(frame.tags)}
    try:
        return [
            cases_section(
                result,
                partial(frame.report.details, result),
                cut=cut,
                room=room,
                effort=effort,
                tags=numbers,
            )
            for result in frame.report.results
        ]
    except TooLong:
        return None


def _page(frame: Frame, cases: Sequence[Html], cut: Cut) -> str:
    report = frame.report
    results = report.results
    names = [f"t{number}" for number in range(1, len(results) + 1)]
    sections = [
        section(
            result,
            one,
            blocks,
            diff=report.diffs.get(result.nodeid, ""),
            name=name,
            is_open=is_open,
            brief=frame.brief,
        )
        for result, one, blocks, name, is_open in zip(
            results, frame.surveys, cases, names, stand_open(results), strict=True
        )
    ]
    outcomes = [result.verdict.outcome for result in results]
    return _whole(
        report,
        [
            tag("a", "Skip to the prompt tests", href="#main", class_="skip"),
            head(report, frame.notes(cut)),
            overview(results, names),
            filters(outcomes=outcomes, tags=frame.tags) if results else EMPTY,
            tag("main", *sections, id="main", tabindex="-1"),
            tag("footer", tag("p", _FOOT, class_="sub")),
        ],
    )


def _whole(report: RunReport, body: Sequence[Html]) -> str:
    style, script = embedded()
    inner = joined([*_meta(report), style, "\n"])
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{inner}</head>\n'
        f"<body>{joined(body)}\n{script}</body></html>\n"
    )


_FOOT = (
    "Bars show mean scores from 0% to 100%; the line across a bar is the 95% interval."
)


def _meta(report: RunReport) -> list[Html]:
    return [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", visible(f"{title(report)} - prompt report", 200)),
        tag("link", rel="icon", href="data:,"),
    ]
