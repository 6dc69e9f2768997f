"""A run as Markdown: what a reviewer decides on, for a pull request or a step summary.

Texts of others stand in code spans and fences only, see
:mod:`pytest_promptopt.report.markdown`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report import comment_section
from pytest_promptopt.report.comment_parts import (
    MEASURES,
    closing,
    headline,
    overview,
)
from pytest_promptopt.report.comment_proposal import proposals
from pytest_promptopt.report.markdown import MARK
from pytest_promptopt.report.suite_verdict import WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_promptopt.records import TestResult
    from pytest_promptopt.report.comment_parts import Measure
    from pytest_promptopt.report.run_report import RunReport

__all__ = ["MARK", "MOST", "comment", "in_bytes", "in_units"]

MOST = 65_000
"""Characters of a comment; GitHub takes 65,536."""

LEAST = 1_000
"""What a text takes at least."""


GAP = "\n\n"
"""Between two parts."""


def in_units(text: str) -> int:
    """Return the length of a text in UTF-16 units: never less than its characters."""
    return len(text) + sum(character > "\uffff" for character in text)


def in_bytes(text: str) -> int:
    """Return the length of a text in bytes of UTF-8."""
    return len(text.encode("utf-8", "backslashreplace"))


def comment(
    report: RunReport, *, most: int, size: Callable[[str], int] = in_units
) -> str:
    """Write a run as Markdown that GitHub shows.

    What does not fit is left out in this order: texts of cases and prompts, cell by
    cell; all of them; what explains single tests, those that failed last; at the very
    end rows of the table, those that passed first.

    Args:
        report: The run.
        most: What ``size`` may say of the text, at least :data:`LEAST`.
        size: Measures a text.

    Returns:
        The text; its first line is :data:`MARK`, which nothing else in it can be.
    """
    results = _worst_first(report.results)
    for measure in MEASURES:
        said = closing(report, shortened=measure != MEASURES[0])
        above = [*headline(report), *overview(results, rows=len(results))]
        room = most - size(_joined([*above, *said]))
        sections, all_fit = _fitting(_sections(report, results, measure), room, size)
        if all_fit:
            return _joined([*above, *sections, *said])
    if room >= 0:
        return _joined([*above, *sections, *said])
    return _with_rows(report, results, most, size)


def _sections(
    report: RunReport, results: Sequence[TestResult], measure: Measure
) -> Iterator[str]:
    yield from comment_section.sections(results, measure)
    yield from proposals(report, measure)


def _fitting(
    sections: Iterator[str], room: int, size: Callable[[str], int]
) -> tuple[list[str], bool]:
    """Return the sections that fit into so much room, and whether these are all."""
    kept: list[str] = []
    for section in sections:
        room -= size(section) + len(GAP)
        if room < 0:
            return kept, False
        kept.append(section)
    return kept, room >= 0


def _with_rows(
    report: RunReport,
    results: Sequence[TestResult],
    most: int,
    size: Callable[[str], int],
) -> str:
    """Write no section, and as many rows of the table as fit."""
    head, tail = headline(report), closing(report, shortened=True)

    def text(number: int) -> str:
        return _joined([*head, *overview(results, rows=number), *tail])

    if size(text(0)) <= most:
        return text(_largest(len(results), lambda n: size(text(n)) <= most))
    brief = closing(report, shortened=True, brief=True)
    return _joined([*headline(report, brief=True), *brief])


def _worst_first(results: Sequence[TestResult]) -> list[TestResult]:
    return sorted(
        results,
        key=lambda one: (WORST_FIRST.index(one.verdict.outcome), one.nodeid),
    )


def _largest(number: int, fits: Callable[[int], bool]) -> int:
    """Return the largest number up to one that fits; 0 does."""
    low, high = 0, number
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _joined(parts: Sequence[str]) -> str:
    return GAP.join([MARK, *(part for part in parts if part)]) + "\n"
