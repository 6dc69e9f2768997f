"""The pause that a response asks for, in whatever form it does."""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_RESET_S = 120.0
"""A reset header says when all is restored: one far off is no reason to wait."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SPAN = re.compile(r"(\d+(?:\.\d*)?)(ms|s|m|h|d)")
_FIRST_EPOCH_S = 1e9  # a number of seconds as large as this is a moment, not a span
_FIRST_EPOCH_MS = 1e12


def asked_pause_s(
    headers: Mapping[str, str], *, status: int, now: float
) -> float | None:
    """Read the pause that a response asks for.

    Args:
        headers: Of the response, found by lower-case name.
        status: Of the response; only a 429 is about its rate limits.
        now: Wall time in seconds since 1970, used where the response has no date.

    Returns:
        Seconds, from 0; ``None`` if nothing usable is said.

    Source:
        RFC 9110, sections 10.2.3 (Retry-After) and 5.6.7 (dates); ``retry-after-ms``
        and ``x-ratelimit-reset-*`` are what OpenAI and those who speak its protocol
        send beside it or instead.
    """
    # The service's own clock is better than ours, which may be off by hours.
    sent = _date(headers.get("date"))
    clock = now if sent is None else sent
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000.0
    written = headers.get("retry-after")
    seconds = _number(written)
    if seconds is not None:
        return seconds
    until = _date(written)
    if until is not None:
        return max(0.0, until - clock)
    return _reset(headers, clock) if status == 429 else None


def _reset(headers: Mapping[str, str], clock: float) -> float | None:
    """Return when the limit that is used up is restored, or the first of unknown."""
    spent: list[float] = []
    unknown: list[float] = []
    for what in ("-requests", "-tokens", ""):
        wait = _span(headers.get(f"x-ratelimit-reset{what}"), clock)
        left = _number(headers.get(f"x-ratelimit-remaining{what}"))
        if wait is not None and not left:
            (unknown if left is None else spent).append(wait)
    wait_s = max(spent) if spent else min(unknown, default=None)
    return wait_s if wait_s is not None and wait_s <= LONGEST_RESET_S else None


def _span(written: str | None, clock: float) -> float | None:
    """Read ``"6m0s"``, ``"17ms"``, ``"2.5"``, a moment since 1970, or an ISO date."""
    text = (written or "").strip()
    parts = _SPAN.findall(text)
    if parts and "".join(map("".join, parts)) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    number = _number(text)
    if number is None:
        until = _iso(text)
        return None if until is None else max(0.0, until - clock)
    if number >= _FIRST_EPOCH_MS:
        number /= 1000.0
    return number if number < _FIRST_EPOCH_S else max(0.0, number - clock)


def _number(written: str | None) -> float | None:
    try:
        number = float(written or "")
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


def _date(written: str | None) -> float | None:
    try:
        return _seconds(parsedate_to_datetime(written or ""))
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _iso(written: str) -> float | None:
    try:
        # Python 3.10 does not read the Z.
        return _seconds(datetime.fromisoformat(re.sub("[zZ]$", "+00:00", written)))
    except (ValueError, OverflowError):
        return None


def _seconds(read: datetime) -> float:
    aware = read if read.tzinfo else read.replace(tzinfo=timezone.utc)
    return aware.timestamp()
