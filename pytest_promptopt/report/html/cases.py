"""All cases of a prompt test: those that changed first, in groups that open."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from pytest_promptopt.report.html.case_block import case_block
from pytest_promptopt.report.html.case_view import of_change, of_detail
from pytest_promptopt.report.html.markup import EMPTY, joined, tag
from pytest_promptopt.report.html.survey import Cut
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_promptopt.records import CaseDetail, TestResult
    from pytest_promptopt.report.html.case_view import CaseView, State
    from pytest_promptopt.report.html.effort import Effort
    from pytest_promptopt.report.html.visible import Html

CUTS = (
    Cut(20_000),
    Cut(4_000),
    Cut(1_000),
    Cut(400),
    Cut(160),
    Cut(1_000, right=False),
    Cut(400, right=False),
    Cut(160, right=False),
    Cut(1_000, right=False, cases=2_000),
    Cut(160, right=False, cases=2_000),
    Cut(160, right=False, cases=600),
    Cut(160, right=False, cases=200),
    Cut(160, right=False, cases=60),
    Cut(160, right=False, cases=20),
    Cut(0, right=False, cases=0),
)
"""Ways of cutting the cases, the next one if a page would be too large: first texts get
shorter; then cases that are as right as before are left out, so that the others can be
told at more length; then all but some of each prompt test."""

CHUNK = 50
"""Cases that a browser lays out together, once they come into sight."""

_TITLES: Mapping[State, str] = {
    "worse": "Worse than before",
    "better": "Better than before",
    "wrong": "Not right, as before",
    "unscored": "Without a score",
    "right": "Right",
}
_CLOSED = frozenset({"right", "better"})

OPEN_WRONG = 20
"""Cases that are not right, as before, up to which their group stands open."""


class TooLong(Exception):  # noqa: N818 - a signal within this package
    """The cases do not fit in what is left of the page."""


class Room:
    """Bytes that the cases may still take."""

    def __init__(self, size: int) -> None:
        self.left = size

    def take(self, block: Html) -> Html:
        """Return a block, once there was room for it.

        Raises:
            TooLong: There was none.
        """
        size = len(block) if block.isascii() else len(block.encode("utf-8"))
        self.left -= size
        if self.left < 0:
            raise TooLong
        return block


def cases_section(
    result: TestResult,
    read: Callable[[], Iterable[CaseDetail]],
    *,
    cut: Cut,
    room: Room,
    effort: Effort,
    tags: Mapping[str, int],
) -> Html:
    """Write the cases of a prompt test, in groups; nothing if none is known.

    Args:
        result: What the test reports; its verdict's lists stand in for the details.
        read: Reads its cases, one at a time, as often as it is called.
        cut: How much of them is shown.
        room: What they may take.
        effort: What laying them out may still cost.
        tags: Number of each tag that can be filtered by.

    Raises:
        TooLong: They do not fit.
    """
    groups: dict[State, list[tuple[Rank, Html]]] = {}
    left_out = {True: 0, False: 0}
    first = _first(_views(result, read()), cut)
    for number, view in enumerate(_views(result, read()), 1):
        state = view.state
        if (state == "right" and not cut.right) or not (
            first is None or number in first
        ):
            left_out[state == "right"] += 1
            continue
        block = case_block(view, most=cut.text, effort=effort, tags=tags)
        groups.setdefault(state, []).append((_rank(view, number), room.take(block)))
    blocks = [
        _group(state, [block for _, block in sorted(groups[state])])
        for state in _TITLES
        if state in groups
    ]
    return joined([*blocks, *_left_out(left_out)])


Rank = tuple[bool, bool, float, int]


def _rank(view: CaseView, number: int) -> Rank:
    """Return what cases are ordered by: what got worse, most of all, comes first."""
    worse = view.state == "worse"
    return not view.detail.must_pass, not worse, -abs(view.drop), number


def _first(views: Iterable[CaseView], cut: Cut) -> frozenset[int] | None:
    """Return the numbers of the cases to show; ``None``: no number is too many."""
    if cut.cases is None:
        return None
    ranks = (
        _rank(view, number)
        for number, view in enumerate(views, 1)
        if view.state != "right"
    )
    return frozenset(rank[-1] for rank in heapq.nsmallest(cut.cases, ranks))


def _views(result: TestResult, details: Iterable[CaseDetail]) -> Iterator[CaseView]:
    found = False
    for detail in details:
        found = True
        yield of_detail(detail)
    if not found:
        verdict = result.verdict
        yield from map(of_change, (*verdict.worse, *verdict.better))


def _group(state: State, blocks: Sequence[Html]) -> Html:
    title = tag(
        "h4", _TITLES[state], " ", tag("span", count(len(blocks), "case"), class_="n")
    )
    chunks = [
        tag("div", *part, class_="chunk full" if len(part) == CHUNK else "chunk")
        for part in (blocks[at : at + CHUNK] for at in range(0, len(blocks), CHUNK))
    ]
    return tag(
        "details",
        tag("summary", title),
        *chunks,
        class_=f"group {state}",
        open=_stands_open(state, len(blocks)),
    )


def _stands_open(state: State, number: int) -> bool:
    if state == "wrong":
        return number <= OPEN_WRONG
    return state not in _CLOSED


def _left_out(numbers: Mapping[bool, int]) -> list[Html]:
    told = []
    if numbers[True]:
        kind = (
            "that is as right as before"
            if numbers[True] == 1
            else "that are as right as before"
        )
        told.append(f"{count(numbers[True], 'case')} {kind}")
    if numbers[False]:
        told.append(f"{count(numbers[False], 'other case')}")
    if not told:
        return [EMPTY]
    text = f"Left out, so that the page stays small enough: {' and '.join(told)}."
    return [tag("p", text, class_="note")]


def said(cut: Cut) -> str:
    """Say how the cases were cut; empty where they were not."""
    if cut == CUTS[0]:
        return ""
    if cut.cases == 0:
        return "To keep this page below its largest size, no case is shown."
    told = f"texts of cases are cut at {cut.text:,} characters"
    if not cut.right:
        told += ", and cases that are as right as before are counted only"
    if cut.cases is not None:
        told += f", as are all but {cut.cases:,} of the others of each prompt test"
    return f"To keep this page below its largest size, {told}."
