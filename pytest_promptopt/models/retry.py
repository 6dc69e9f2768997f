"""How patient the engine is with a model that fails."""

from __future__ import annotations

from dataclasses import dataclass

PATIENCE_AMONG_REPLIES = 3
"""A request may fail so many times as often if other requests get through."""

_PASSING = frozenset({408, 409, 425, 429})

SOON = 500.0
"""A lone failure among replies is repeated so many times sooner than in a silence:
the engine would send another request in its place anyway."""

GROWTH = 2.0
GROWTH_AMONG_REPLIES = 3.0
"""What a waiting time is multiplied by after each failure. Among replies it begins
with so little that it has to grow faster, or one request's tries are soon used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient the engine is.

    Attributes:
        retries: How often one request is sent again to an endpoint that never
            answered; three times as often if others get replies; 0: never.
        first_wait_s: Seconds before the first repetition; doubled for each next one;
            much shorter, and tripled, while others get replies.
        longest_wait_s: No own waiting time is longer.
        longest_pause_s: A model that asks for a longer pause is not waited for.
        deadline_s: No request is sent again later than this after its first time.
        outage_s: A model without a single reply for so long is given up.
        unreached_s: The same for an endpoint that never answered in this run.
        refusals: So many refusals for good in a row close a model.
        beat_s: How often the engine looks whether somebody waits for nothing.
    """

    retries: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 8.0
    longest_pause_s: float = 120.0
    deadline_s: float = 600.0
    outage_s: float = 60.0
    unreached_s: float = 8.0
    refusals: int = 10
    beat_s: float = 1.0

    def wait_s(self, failures: int, draw: float, *, among_replies: bool) -> float:
        """Return the seconds to wait before the next attempt of one request.

        Args:
            failures: Attempts that failed so far, from 1.
            draw: A random number in [0, 1), so that requests that failed together do
                not come back together.
            among_replies: Whether others got replies since the request was first sent.
        """
        first, growth, longest = self.first_wait_s, GROWTH, self.longest_wait_s
        if among_replies:
            first, growth = first / SOON, GROWTH_AMONG_REPLIES
            longest = longest / 4.0
        own = min(first * growth ** min(failures - 1, 30), longest)
        return own * (0.5 + 0.5 * draw)


def is_passing(status: int) -> bool:
    """Return whether the same request may succeed after a response of this status."""
    return status in _PASSING or status >= 500
