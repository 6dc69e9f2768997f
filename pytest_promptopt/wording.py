"""How figures are put into words, the same way in every message and report."""

from __future__ import annotations

import math
import re
from datetime import date as day
from decimal import Decimal

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_ROUNDING = 1e-9
"""What a p-value may lie above its limit by and still be within it."""

MONTHS_FROM = 60
"""Days from which an age is told in months."""


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


def limit(value: float) -> str:
    """Write what a p-value is held against, in three digits: ``"0.0125"``."""
    return _digits(value, 3)


def beside(p: float, limit: float, *, of: str = "") -> tuple[str, str]:
    """Write a p-value and its limit so that the larger one looks larger.

    Args:
        p: The value, in [0, 1].
        limit: What it is held against, above 0.
        of: As for :func:`p_value`.

    Returns:
        Both in as few digits as tell them apart: ``("p = 0.013", "0.0125")``.
    """
    name = f"p of {of}" if of else "p"
    floor = min(0.0001, 10.0 ** math.floor(math.log10(limit)))
    if p < floor:
        return f"{name} < {_digits(floor, 1)}", _digits(limit, 3)
    exceeds = p > limit + _ROUNDING
    for digits in range(2, 17):
        shown, held = _digits(p, digits), _digits(limit, max(3, digits))
        if (float(shown) > float(held)) == exceeds:
            break
    return f"{name} = {shown}", held


def _digits(value: float, digits: int) -> str:
    """Write a positive figure in so many digits, never as 1e-05."""
    return f"{Decimal(f'{value:.{digits}g}'):f}"


def p_value(p: float | None, *, of: str = "") -> str:
    """Write a p-value: ``"p = 0.031"``, ``"p < 0.0001"``; empty for ``None``.

    Args:
        p: The value.
        of: What would be by chance, where it is not plain: ``"a drop"`` gives
            ``"p of a drop = 0.98"``.
    """
    if p is None:
        return ""
    shown = chance(p)
    name = f"p of {of}" if of else "p"
    return f"{name} {shown}" if shown.startswith("<") else f"{name} = {shown}"


def quantity(value: float) -> str:
    """Write a figure in its own unit, never as 1e-05: ``"1,204"``, ``"0.00012"``."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{Decimal(f'{value:.4g}'):f}"


def money(dollars: float) -> str:
    """Write US dollars: ``"$12.50"``, ``"$0.0132"``.

    What is less than a hundredth of a cent is written ``"< $0.0001"``, 0 ``"$0"``.
    """
    if not dollars:
        return "$0"
    if abs(dollars) < 0.0001:
        return "< $0.0001"
    return f"${dollars:,.2f}" if abs(dollars) >= 1 else f"${_trimmed(dollars)}"


def _trimmed(dollars: float) -> str:
    """Write less than a dollar, from 2 to 4 decimals."""
    shown = f"{dollars:.4f}"
    return shown.rstrip("0").ljust(len("0.00"), "0")


def duration(seconds: float) -> str:
    """Write how long something takes: ``"90 seconds"``, ``"10 minutes"``."""
    for length, noun in ((3600, "hour"), (60, "minute")):
        if seconds >= length and seconds % length == 0:
            return count(int(seconds // length), noun)
    if seconds == int(seconds):
        return count(int(seconds), "second")
    return f"{quantity(seconds)} seconds"


def age(date: str, today: str) -> str:
    """Write how old something is: ``"today"``, ``"1 day ago"``, ``"3 months ago"``.

    Args:
        date: Its day, ISO 8601.
        today: The present day, ISO 8601.

    Returns:
        The age; empty if a day cannot be read, or lies in the future.
    """
    days = _days_between(date, today)
    if days is None or days < 0:
        return ""
    if days == 0:
        return "today"
    if days < MONTHS_FROM:
        return f"{count(days, 'day')} ago"
    return f"{count(days // 30, 'month')} ago"


def _days_between(first: str, second: str) -> int | None:
    # Checked by shape too: what else fromisoformat takes depends on Python's version.
    if not (_DATE.fullmatch(first) and _DATE.fullmatch(second)):
        return None
    try:
        return (day.fromisoformat(second) - day.fromisoformat(first)).days
    except ValueError:
        return None


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``"1 case"``, ``"1,200 cases"``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(text: str, limit: int = 60) -> str:
    """Quote text on one line, control characters escaped, cut to ``limit``."""
    cut = text if len(text) <= limit else f"{text[: limit - 3]}..."
    return repr(cut)


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's message, or the name of its class."""
    try:
        lines = str(error).strip().splitlines()
    except Exception as fault:  # noqa: BLE001 - said instead of the message
        return f"no message, its __str__ raised {type(fault).__name__}"
    return lines[0] if lines else type(error).__name__
