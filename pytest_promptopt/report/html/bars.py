"""Accuracies as bars: drawings beside figures, which say the same to everybody."""

from __future__ import annotations

from pytest_promptopt.report.html.markup import joined, tag
from pytest_promptopt.report.html.visible import Html
from pytest_promptopt.wording import percent

WIDTH = 120
_HEIGHT = 12
_WHISKER = 3


def bar(
    share: float | None,
    *,
    kind: str,
    interval: tuple[float, float] | None = None,
) -> Html:
    """Write a share of one with a bar behind it.

    Args:
        share: From 0 to 1; ``None`` has no bar.
        kind: ``"now"`` or ``"was"``.
        interval: Its 95 % interval, as a line with two ends.
    """
    if share is None:
        return Html(percent(share))
    return joined(
        [tag("span", percent(share), class_="num"), _drawn(share, kind, interval)]
    )


def _drawn(share: float, kind: str, interval: tuple[float, float] | None) -> Html:
    parts = [
        tag("rect", width=WIDTH, height=_HEIGHT, rx=2, class_="rail"),
        tag("rect", width=_at(share), height=_HEIGHT, rx=2, class_=kind),
    ]
    if interval is not None:
        parts += _whisker(*interval)
    # The figure stands beside it, so there is nothing to read out.
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH} {_HEIGHT}",
        width=WIDTH,
        height=_HEIGHT,
        preserveAspectRatio="none",
        class_="bar",
        aria_hidden="true",
    )


def _whisker(low: float, high: float) -> list[Html]:
    middle = _HEIGHT / 2
    left, right = _at(low), _at(high)
    ends = [
        tag("line", x1=x, x2=x, y1=_WHISKER, y2=_HEIGHT - _WHISKER, class_="whisker")
        for x in (left, right)
    ]
    return [
        tag("line", x1=left, x2=right, y1=middle, y2=middle, class_="whisker"),
        *ends,
    ]


def _at(share: float) -> float:
    return WIDTH * min(1.0, max(0.0, share))
