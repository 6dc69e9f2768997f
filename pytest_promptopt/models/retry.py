"""When a failed request is sent again, and when a model is left alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient the engine is.

    Attributes:
        retries: How often one request is sent again, from 0.
        first_wait_s: Seconds before the first repetition; doubled for each next one.
        longest_wait_s: No own waiting time is longer.
        longest_pause_s: A model that asks for a longer pause is not waited for.
    """

    retries: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 8.0
    longest_pause_s: float = 120.0

    def wait_s(
        self, failures: int, retry_after_s: float | None, draw: float
    ) -> float | None:
        """Return the seconds to wait before the next attempt; ``None`` gives up.

        Args:
            failures: Attempts that failed so far, from 1.
            retry_after_s: What the model asked for, if it did; never cut short.
            draw: A random number in [0, 1), so that requests that failed together do
                not come back together.
        """
        if failures > self.retries:
            return None
        own = min(self.first_wait_s * 2.0 ** (failures - 1), self.longest_wait_s)
        if retry_after_s is None:
            return own * (0.5 + 0.5 * draw)
        if retry_after_s > self.longest_pause_s:
            return None
        return retry_after_s + self.spread_s(retry_after_s, draw)

    def spread_s(self, pause_s: float, draw: float) -> float:
        """Return how much later than the end of a pause one request starts."""
        widest = max(self.first_wait_s, min(0.5 * pause_s, self.longest_wait_s))
        return widest * draw


class Pace:
    """What the requests to one model have learned from each other.

    It is used on the engine's loop only. All times are of one monotonic clock, in
    seconds.
    """

    def __init__(self) -> None:
        self._open_at = 0.0
        self._replied_at = -math.inf
        self._down_at = -math.inf

    def pause_s(self, now: float) -> float:
        """Return for how many seconds nothing may be sent."""
        return max(0.0, self._open_at - now)

    def replied(self, now: float) -> None:
        """Note that the model works."""
        self._replied_at = now

    def failed(
        self,
        error: ModelError,
        *,
        failures: int,
        began: float,
        now: float,
        policy: RetryPolicy,
        draw: float,
    ) -> float | None:
        """Note a failed attempt and return the seconds to wait before the next one.

        Once a request has used up its attempts while no other one got a reply, the
        model is down: until a reply comes, each request is tried once only, so that
        an outage does not cost every request the whole waiting time.

        Args:
            error: Why the attempt failed.
            failures: Attempts of this request that failed so far, from 1.
            began: When the request was first sent.
            now: When the attempt failed.
            policy: How patient to be.
            draw: A random number in [0, 1).

        Returns:
            Seconds, from 0; ``None`` if the request is not to be sent again.
        """
        if not error.retryable:
            return None
        asked = error.retry_after_s
        down = self._down_at > self._replied_at
        wait_s = None if down else policy.wait_s(failures, asked, draw)
        if wait_s is None:
            if self._replied_at < began:
                self._down_at = now
        elif asked is not None:
            self._open_at = max(self._open_at, now + asked)
        return wait_s


def parse_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Read the pause that a response asks for.

    Args:
        headers: Of the response, found by lower-case name.
        now: Wall time in seconds since 1970, used where the response has no date.

    Returns:
        Seconds, from 0; ``None`` if nothing usable is said.

    Source:
        RFC 9110, sections 10.2.3 (Retry-After) and 5.6.7 (dates); ``retry-after-ms``
        is what OpenAI-compatible services send beside it.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000.0
    written = headers.get("retry-after")
    seconds = _number(written)
    if seconds is not None:
        return seconds
    until = _date(written)
    if until is None:
        return None
    # The service's own clock is better than ours, which may be off by hours.
    sent = _date(headers.get("date"))
    return max(0.0, until - (now if sent is None else sent))


def _number(written: str | None) -> float | None:
    try:
        number = float(written or "")
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


def _date(written: str | None) -> float | None:
    try:
        read = parsedate_to_datetime(written or "")
        aware = read if read.tzinfo else read.replace(tzinfo=timezone.utc)
        return aware.timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
