"""How figures are put into words, the same way in every message and report."""

from __future__ import annotations


def percent(share: float | None) -> str:
    """Write a share as a percentage: ``"62.5%"``; ``"-"`` where there is none."""
    return "-" if share is None else f"{100 * share:.1f}%"


def interval(bounds: tuple[float, float] | None) -> str:
    """Write a 95% interval in percent: ``"[51.6, 72.3]"``; empty for ``None``."""
    if bounds is None:
        return ""
    low, high = bounds
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def points(share: float) -> str:
    """Write the size of a difference: ``"2.5 points"``."""
    shown = f"{100 * abs(share):.1f}"
    return f"{shown} point{'' if shown == '1.0' else 's'}"


def change(share: float | None) -> str:
    """Write a difference of shares with its sign: ``"-2.5 points"``."""
    if share is None:
        return "-"
    sign = "-" if round(share, 3) < 0 else "+"
    return f"{sign}{points(share)}"


def chance(p: float) -> str:
    """Write a probability with two significant digits: ``"0.031"``, ``"< 0.0001"``."""
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}"


def p_value(p: float | None) -> str:
    """Write a p-value: ``"p = 0.031"``, ``"p < 0.0001"``; empty for ``None``."""
    if p is None:
        return ""
    shown = chance(p)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``"1 case"``, ``"1,200 cases"``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(text: str, limit: int = 60) -> str:
    """Quote text on one line, control characters escaped, cut to ``limit``."""
    cut = text if len(text) <= limit else f"{text[: limit - 3]}..."
    return repr(cut)
