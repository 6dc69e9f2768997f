"""The curve of a search as a drawing: every candidate a dot, the best so far a line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.report.html.markup import joined, tag
from pytest_promptopt.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import CandidateScore, SearchResult
    from pytest_promptopt.report.html.visible import Html

MOST_DOTS = 1_000
"""Candidates that a drawing shows; the rest are in its text only."""

WIDE, NARROW = (720, 300), (340, 260)
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 14, 12, 42


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One candidate in the drawing.

    Attributes:
        calls: Model calls of the search when it was scored.
        mean: Its mean score, in [0, 1].
        kind: ``"train"``, ``"partial"`` (given up early) or ``"holdout"``.
        told: What is said about it.
    """

    calls: int
    mean: float
    kind: str
    told: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Where values lie in a drawing.

    Attributes:
        size: Width and height, in pixels.
        calls: The largest number of calls.
        low: The score at the bottom.
        high: The score at the top.
    """

    size: tuple[int, int]
    calls: int
    low: float
    high: float

    def x(self, calls: float) -> float:
        """Return where a number of calls lies."""
        return _LEFT + (self.size[0] - _LEFT - _RIGHT) * calls / max(1, self.calls)

    def y(self, share: float) -> float:
        """Return where a score lies."""
        height = self.size[1] - _TOP - _BOTTOM
        return _TOP + height * (self.high - share) / (self.high - self.low)


def points(search: SearchResult) -> list[Point]:
    """Return the candidates of a search, in the order they were scored.

    Where no score was kept, the best of each step stands for its candidates.
    """
    if not search.scored:
        return [
            Point(
                calls=step.calls,
                mean=step.best,
                kind="train",
                told=f"{_at_step(step.number)}: best {percent(step.best)}",
            )
            for step in search.steps
        ]
    whole = max((one.cases for one in search.scored if not one.holdout), default=0)
    return [
        Point(calls=one.calls, mean=one.mean, kind=_kind(one, whole), told=_told(one))
        for one in search.scored
    ]


def _kind(one: CandidateScore, whole: int) -> str:
    if one.holdout:
        return "holdout"
    return "train" if one.cases >= whole else "partial"


def _told(one: CandidateScore) -> str:
    made = f", {one.origin}" if one.origin else ""
    where = "hold-out" if one.holdout else "train"
    return (
        f"{one.key}, {_at_step(one.step)}{made}: {percent(one.mean)} on "
        f"{count(one.cases, f'{where} case')}"
    )


def _at_step(number: int) -> str:
    return f"step {number}" if number else "start"


def best_so_far(found: Sequence[Point]) -> list[tuple[int, float]]:
    """Return where the best train score rises: calls and score, never falling."""
    line: list[tuple[int, float]] = []
    for point in found:
        if point.kind == "train" and (not line or point.mean > line[-1][1]):
            line.append((point.calls, point.mean))
    return line


def curve(search: SearchResult, *, name: str) -> Html:
    """Draw the curve, once for wide and once for narrow windows.

    Args:
        search: It has at least one score or step.
        name: Identity of the drawing in the page.
    """
    found = points(search)
    said = _description(found)
    return joined(
        [
            _drawing(found, WIDE, said, name=f"{name}-w", class_="curve wide"),
            _drawing(found, NARROW, said, name=f"{name}-n", class_="curve narrow"),
        ]
    )


def _description(found: Sequence[Point]) -> str:
    line = best_so_far(found)
    train = sum(point.kind != "holdout" for point in found)
    held = [point.mean for point in found if point.kind == "holdout"]
    told = f"{count(train, 'score')} on train cases over {found[-1].calls:,} calls."
    if line:
        first, best = percent(line[0][1]), percent(line[-1][1])
        told += f" The best so far rises from {first} to {best}."
    if held:
        told += f" {count(len(held), 'score')} on hold-out cases, {percent(min(held))}"
        told += f" to {percent(max(held))}."
    return f"{told} The table below has the figures of each step."


def _drawing(
    found: Sequence[Point], size: tuple[int, int], said: str, *, name: str, class_: str
) -> Html:
    frame = _frame(found, size)
    dots = [_dot(frame, point) for point in found[:MOST_DOTS]]
    return tag(
        "svg",
        tag("title", "Search curve: score by model calls", id=f"{name}-t"),
        tag("desc", said, id=f"{name}-d"),
        *_axes(frame),
        _line(frame, best_so_far(found)),
        *dots,
        viewBox=f"0 0 {size[0]} {size[1]}",
        width=size[0],
        height=size[1],
        class_=class_,
        role="img",
        aria_labelledby=f"{name}-t",
        aria_describedby=f"{name}-d",
    )


def _frame(found: Sequence[Point], size: tuple[int, int]) -> Frame:
    means = [point.mean for point in found]
    low = max(0.0, math.floor(min(means) * 20 - 0.5) / 20)
    high = min(1.0, math.ceil(max(means) * 20 + 0.5) / 20)
    calls = max(point.calls for point in found)
    return Frame(size, _rounded_up(calls), low, max(high, low + 0.05))


def _rounded_up(number: int) -> int:
    """Return a number with few digits that is not smaller."""
    if number < 10:
        return max(1, number)
    unit = 10 ** (len(str(number)) - 1) // 2 or 1
    return -(-number // unit) * unit


def _axes(frame: Frame) -> list[Html]:
    width, height = frame.size
    bottom = height - _BOTTOM
    parts = []
    for share in _ticks(frame.low, frame.high):
        y = frame.y(share)
        parts.append(
            tag("line", x1=_LEFT, x2=width - _RIGHT, y1=y, y2=y, class_="grid")
        )
        label = f"{100 * share:.0f}%"
        parts.append(tag("text", label, x=_LEFT - 6, y=y + 4, text_anchor="end"))
    steps = 4 if width > 500 else 2
    for at in range(steps + 1):
        calls = frame.calls * at / steps
        if calls == int(calls):
            label, x = f"{int(calls):,}", frame.x(calls)
            end = "end" if at == steps else "middle"
            parts.append(tag("text", label, x=x, y=bottom + 16, text_anchor=end))
    middle = (_LEFT + width - _RIGHT) / 2
    named = tag("text", "model calls", x=middle, y=height - 6, text_anchor="middle")
    up = f"rotate(-90 12 {bottom / 2:g})"
    score = tag("text", "score", x=12, y=bottom / 2, text_anchor="middle", transform=up)
    base = tag("line", x1=_LEFT, x2=width - _RIGHT, y1=bottom, y2=bottom, class_="axis")
    return [*parts, base, named, score]


def _ticks(low: float, high: float) -> list[float]:
    """Return four to eight round shares between two."""
    span = high - low
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if span / step <= 7.001)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [step * at for at in range(first, last + 1)]


def _line(frame: Frame, line: Sequence[tuple[int, float]]) -> Html:
    if not line:
        return joined([])
    # A plain attribute: tag() rounds single numbers only.
    path = f"M{frame.x(line[0][0]):.1f} {frame.y(line[0][1]):.1f}"
    for calls, mean in line[1:]:
        path += f"H{frame.x(calls):.1f}V{frame.y(mean):.1f}"
    return tag("path", d=f"{path}H{frame.x(frame.calls):.1f}", class_="best")


def _dot(frame: Frame, point: Point) -> Html:
    x, y = frame.x(point.calls), frame.y(point.mean)
    title = tag("title", point.told)
    if point.kind == "holdout":
        path = f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"
        return tag("g", title, tag("path", d=path, class_="holdout"))
    circle = tag("circle", cx=x, cy=y, r=3.5, class_=point.kind)
    return tag("g", title, circle)
