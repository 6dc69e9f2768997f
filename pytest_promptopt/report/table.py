"""One aligned row for each prompt test, as wide as the screen allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.report.figures import has_figures, is_blind, is_carried_over
from pytest_promptopt.report.lines import Line, colour
from pytest_promptopt.report.screen import columns
from pytest_promptopt.wording import change, count, money, percent, points

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_promptopt.records import TestResult, Verdict
    from pytest_promptopt.report.screen import Screen

GAP = "  "

NAME_LEAST = 16
"""Columns that a name keeps while something less important can be left out."""

NAME_WELL = 28
"""The same where only decimals of intervals are at stake."""

_NAME_FEWEST = 8
_TITLES = ("test", "verdict", "accuracy", "change", "can show", "calls", "cost")
_LEFT = ("test", "verdict", "accuracy")
# In this order, where the screen is too narrow for all.
_LEAVES = ("decimals", "cost", "calls", "interval", "change", "accuracy")


MOST_ROWS = 40
"""Prompt tests that all have a row; of more, only those that need a look."""


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of one prompt test, by title, what they are of, and their colour."""

    cells: Mapping[str, str]
    marks: tuple[str, ...]
    verdict: Verdict | None = None

    def with_cell(self, title: str, text: str) -> _Row:
        return replace(self, cells={**self.cells, title: text})


def rows_of_many(
    results: Sequence[TestResult],
    notable: Sequence[TestResult],
    listed: Callable[[Sequence[TestResult]], list[Line]],
) -> list[Line]:
    """Return rows that somebody can read: of very many tests, the notable ones.

    Args:
        results: The prompt tests, in order.
        notable: Those of them that need a look.
        listed: Writes rows for some of them, at least one.
    """
    if len(results) <= MOST_ROWS or len(notable) == len(results):
        return listed(results)
    lines = listed(notable) if notable else []
    more = " more" if notable else ""
    calls = sum(result.calls for result in results)
    calls -= sum(result.calls for result in notable)
    told = f"{count(len(results) - len(notable), 'prompt test')}{more} passed"
    return [*lines, Line(f"{told}, with {count(calls, 'call')}; -v lists them")]


def table(
    results: Sequence[TestResult], names: Mapping[str, str], screen: Screen
) -> list[Line]:
    """Return a head and one row for each prompt test.

    Args:
        results: The prompt tests, in order; at least one.
        names: Node id to the name that the row begins with.
        screen: What it is to fit on. Long names lose their middle; where that is not
            enough, the decimals of intervals, costs, calls, intervals, changes and
            accuracies are left out, in this order.
    """
    rows = [_row(result, screen.shown(names[result.nodeid])) for result in results]
    titles = [title for title in _TITLES if any(row.cells[title] for row in rows)]
    for leaving in (None, *_LEAVES):
        if leaving in ("decimals", "interval"):
            rows = [_with_less(row, leaving) for row in rows]
        titles = [title for title in titles if title != leaving]
        room = screen.width - _width(rows, titles[1:])
        wanted = NAME_WELL if leaving is None else NAME_LEAST
        if room >= min(wanted, _widest(rows, "test")):
            break
    fitting = max(room, _NAME_FEWEST)
    rows = [
        row.with_cell("test", middle_cut(row.cells["test"], fitting)) for row in rows
    ]
    head = _Row({title: title for title in titles}, ("bold",))
    widths = {title: _widest([head, *rows], title) for title in titles}
    return [_line(row, titles, widths) for row in (head, *rows)]


def _row(result: TestResult, name: str) -> _Row:
    verdict = result.verdict
    figures = has_figures(verdict)
    return _Row(
        {
            "test": " ".join(name.split()),
            "verdict": f"{verdict.outcome} ({verdict.cause})",
            "accuracy": _accuracy(verdict, 1) if figures else "",
            "change": _change(verdict) if figures else "",
            "can show": _can_show(verdict) if figures else "",
            "calls": _calls(result),
            "cost": _cost(result),
        },
        () if colour(verdict) == "green" else (colour(verdict),),
        verdict,
    )


def _accuracy(verdict: Verdict, decimals: int | None) -> str:
    """Write an accuracy and its interval; without the latter for ``None``."""
    shown = f"{percent(verdict.accuracy):>6}"
    if decimals is None or verdict.interval is None:
        return shown
    low, high = (100 * bound for bound in verdict.interval)
    return f"{shown} [{low:.{decimals}f}, {high:.{decimals}f}]"


def _change(verdict: Verdict) -> str:
    if verdict.change is None or is_carried_over(verdict):
        return ""
    return change(verdict.change).split()[0]


def _can_show(verdict: Verdict) -> str:
    """Return the smallest drop that the suite can show, in points."""
    if verdict.detectable is None:
        return ""
    return "none" if is_blind(verdict) else points(verdict.detectable).split()[0]


def _calls(result: TestResult) -> str:
    """Return the calls of gate and search, or the runs of an application of its own."""
    calls, own = result.calls + result.paid, result.runs + result.search_runs
    return f"{own:,} runs" if own and not calls else f"{calls:,}"


def _cost(result: TestResult) -> str:
    """Return what gate and search cost; empty where nothing did, as far as is known."""
    searched = result.search_cost if result.paid else 0.0
    if result.cost is None or searched is None:
        return "unknown" if result.calls + result.paid else ""
    cost = result.cost + searched
    return money(cost) if cost else ""


def _with_less(row: _Row, leaving: str) -> _Row:
    if row.verdict is None or not row.cells["accuracy"]:
        return row
    decimals = 0 if leaving == "decimals" else None
    return row.with_cell("accuracy", _accuracy(row.verdict, decimals))


def middle_cut(text: str, width: int) -> str:
    """Cut a text in its middle to so many columns: both ends tell tests apart."""
    if columns(text) <= width:
        return text
    room = max(width - 3, 2)
    head, tail = text[: room // 2], text[-(room - room // 2) :]
    while columns(head) + columns(tail) > room:  # of wide characters fewer fit
        head, tail = (head[:-1], tail) if len(head) >= len(tail) else (head, tail[1:])
    return f"{head}...{tail}"


def _width(rows: Sequence[_Row], titles: Sequence[str]) -> int:
    """Return the columns of all cells behind the name, gaps included."""
    widths = [max(len(title), _widest(rows, title)) for title in titles]
    return sum(width + len(GAP) for width in widths)


def _widest(rows: Sequence[_Row], title: str) -> int:
    return max(columns(row.cells[title]) for row in rows)


def _line(row: _Row, titles: Sequence[str], widths: Mapping[str, int]) -> Line:
    cells = []
    for title in titles:
        cell = row.cells[title]
        padding = " " * (widths[title] - columns(cell))
        cells.append(cell + padding if title in _LEFT else padding + cell)
    return Line(GAP.join(cells).rstrip(), row.marks)
