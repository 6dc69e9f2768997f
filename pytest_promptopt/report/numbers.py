"""How numbers are written: one way for every report."""

from __future__ import annotations


def percent(share: float | None) -> str:
    """Write a share as a percentage: ``"62.5%"``; ``"-"`` where there is none."""
    return "-" if share is None else f"{100 * share:.1f}%"


def interval(bounds: tuple[float, float] | None) -> str:
    """Write a 95 % interval: ``"[51.6, 72.3]"``; empty where there is none."""
    if bounds is None:
        return ""
    low, high = bounds
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def points(share: float | None) -> str:
    """Write a difference of shares in percentage points, with its sign."""
    if share is None:
        return "-"
    value = round(100 * share, 1)
    return f"{value + 0.0:+.1f} points"


def p_value(value: float | None) -> str:
    """Write a p-value: ``"p = 0.0312"``, ``"p < 0.0001"``; empty for ``None``."""
    if value is None:
        return ""
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.4f}"


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``"1 case"``, ``"1,200 cases"``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(text: str, limit: int = 60) -> str:
    """Quote text on one line, control characters escaped, cut to ``limit``."""
    cut = text if len(text) <= limit else f"{text[: limit - 3]}..."
    return repr(cut)
