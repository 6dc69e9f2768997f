"""How fast an endpoint can be asked, as its refusals (status 429) teach it.

An endpoint's limit is on requests in time, so what adapts is a rate: with replies after
50 ms, a limit of 50 requests a second lies between two and three requests in flight.
The rate falls to nine tenths of what was accepted, and grows again with the cube of
time: hardly at first, then ever faster, so that a limit that is gone is soon forgotten.

Some endpoints refuse a share of all requests, however slowly they are asked. Where
lowering the rate changes nothing, it goes back up, and from then on such a share is
taken for granted: what lowers the rate is a share that is clearly above it, which is
watched by a cumulative sum.

Source: Ha, Rhee, Xu, "CUBIC: A New TCP-Friendly High-Speed TCP Variant", 2008, for the
shape of the growth; Page, "Continuous Inspection Schemes", Biometrika 41, 1954, for
the sum.
"""

from __future__ import annotations

import math
from collections import deque

LOWERED_TO = 0.9
"""Share of the accepted rate that is kept after a refusal."""

DOUBLED_AFTER = 100
"""How many requests it takes until the rate has doubled."""

DOUBLED_AFTER_S = (10.0, 30.0)
"""The shortest and the longest time of this, in seconds."""

TOLERATED = 0.02
"""Share of requests that may be refused in a second: some services refuse one now and
then, however slowly they are asked."""

EXPLORED_S = 0.25
"""After a shorter time than this a refusal says nothing about the rate to come, and
while the rate is being looked for, it doubles every so many seconds."""

SLOWEST = 0.1
RESTART = 10.0
NO_LIMIT = 10_000.0
"""Starts a second: the lowest rate, the first one after a pause, and none at all."""

WITNESSES = 10
"""Starts that are remembered however long ago they were."""

APART_S = 0.001
"""Between first requests: else all of them are out before the first one is refused."""

CREDIT_S = 0.02
"""A start that comes late is made up for, up to this."""

CALM = 1.09
"""Growth since the rate was lowered up to which a refusal is not due to the growth."""

IN_VAIN = 5
"""So many lowerings in a row that change nothing: the rate is not the cause."""

MOST_RANDOM = 0.25
"""A larger share than this is never taken for granted."""

STEADY = 2.0
"""Between two refusals, up to so many times the usual number of requests are usual."""

NOTABLE = (1.5, 0.01)
"""A share is notable if it is so many times the usual one, and so much more."""

BY_CHANCE = 1e-4
"""What is rarer than this among refusals at random is not due to chance."""

EXCESS = 3.0
"""Refusals above that share, added up, that lower the rate."""

CLOSED_AFTER = 3
"""Refusals in a row, without a request accepted in between, that close the door."""


class Throttle:
    """The rate of one endpoint. All times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._base: float | None = None
        self._since = -math.inf
        self._exploring = False
        self._lowered_at = -math.inf
        self._full_at = -math.inf
        self._accepted: deque[float] = deque()
        self._refused: deque[float] = deque()
        self._next_at = -math.inf
        self._answered = False
        self._in_a_row = 0
        self._before = math.inf, False
        self._starts = 0
        self._lowered_after = 0
        self._gaps: list[int] = []
        self._usual = 0.0
        self._excess = 0.0

    def rate(self, now: float) -> float:
        """Return how many requests may be started in a second; infinite: no limit."""
        if self._base is None:
            return math.inf if self._answered else 1.0 / APART_S
        for_s = max(0.0, now - self._since)
        if self._exploring:
            return self._base * math.pow(2.0, min(for_s / EXPLORED_S, 60.0))
        fewest_s, most_s = DOUBLED_AFTER_S
        doubled_s = min(max(DOUBLED_AFTER / self._base, fewest_s), most_s)
        return self._base * (1.0 + (for_s / doubled_s) ** 3)

    def opens_at(self, now: float) -> float:
        """Return when the next request may start."""
        return max(now, self._next_at)

    def started(self, now: float) -> None:
        """Note that a request starts."""
        self._starts += 1
        rate = self.rate(now)
        if rate > NO_LIMIT:
            self._base, rate = None, math.inf
        # The very first ones go one by one: there is nothing yet to make up for.
        earliest = now if self._starts == 1 else now - CREDIT_S
        self._next_at = max(self._next_at, earliest) + 1.0 / rate
        accepted = self._accepted
        accepted.append(now)
        while len(accepted) > WITNESSES and accepted[0] < now - 1.0:
            accepted.popleft()

    def answered(self) -> None:
        """Note that a request got a reply, or failed for another reason."""
        self._answered = True
        self._excess = max(0.0, self._excess - self._notable)

    def refused(self, sent_at: float, now: float) -> bool:
        """Note a refusal of a request.

        Args:
            sent_at: When the request was started.
            now: When it was refused.

        Returns:
            Whether nothing gets through at the moment.
        """
        self._answered = True
        if sent_at in self._accepted:
            self._accepted.remove(sent_at)
        if sent_at <= self._lowered_at:
            return False  # on its way before the rate was lowered: nothing new
        earlier = max([self._lowered_at, *self._refused])
        through = sum(earlier < start < sent_at for start in self._accepted)
        self._in_a_row = 1 if through else self._in_a_row + 1
        self._refused.append(sent_at)
        while self._refused[0] < now - 1.0:
            self._refused.popleft()
        self._excess += 1.0 - self._notable
        if self._is_too_much(through):
            self._react(now)
        return self._in_a_row >= self._closed_after

    def _is_too_much(self, through: int) -> bool:
        if self._usual:
            return self._excess > EXCESS
        often = len(self._refused) > TOLERATED * len(self._accepted)
        return often or through < WITNESSES or self._base is not None

    def _react(self, now: float) -> None:
        """Lower the rate, or raise it if it has been lowered in vain."""
        rate = self.rate(now)
        calm = self._base is not None and rate <= CALM * self._base
        if not calm:
            self._gaps.clear()
            self._before = rate, self._exploring
            self._lower(now)
            return
        self._gaps.append(max(1, self._starts - self._lowered_after))
        *earlier, last = self._gaps
        share = len(self._gaps) / sum(self._gaps)
        # Where the rate comes down to a limit, refusals become ever fewer.
        steady = last * len(earlier) <= STEADY * sum(earlier)
        if len(earlier) < IN_VAIN - 1 or share > MOST_RANDOM or not steady:
            self._lower(now)
            return
        self._usual = share
        self._raise_again(now)

    def _raise_again(self, now: float) -> None:
        rate, self._exploring = self._before
        self._base = None if rate > NO_LIMIT else rate
        self._since = self._lowered_at = now
        self._lowered_after = self._starts
        self._gaps.clear()
        self._excess = 0.0

    @property
    def _notable(self) -> float:
        times, more = NOTABLE
        return times * self._usual + more

    @property
    def _closed_after(self) -> int:
        if not self._usual:
            return CLOSED_AFTER
        return max(CLOSED_AFTER, math.ceil(math.log(BY_CHANCE) / math.log(self._usual)))

    @property
    def in_a_row(self) -> int:
        """How many requests were refused without one that was accepted in between."""
        return self._in_a_row

    def paused(self, until: float) -> None:
        """Start anew after a pause, slowly at first: many requests wait for its end."""
        if self._base is None:
            self._base = RESTART
        self._since = max(self._since, until)
        self._next_at = max(self._next_at, until)
        self._exploring = True

    def _lower(self, now: float) -> None:
        oldest = self._accepted[0] if self._accepted else now
        accepted = self._accepted_rate(now, 1.0)
        if self._exploring or now - oldest < EXPLORED_S:
            accepted = max(accepted, self._accepted_rate(now, EXPLORED_S))
        if self._base is None:
            known = accepted or RESTART
        else:
            # Few are accepted where few were sent, as by a machine that halts.
            rate = self.rate(now)
            limit = self._accepted_since_full(now)
            known = min(max(accepted, limit / LOWERED_TO, rate / 2.0), rate)
        if now - self._full_at > 1.0:
            self._full_at = now
        self._base = max(SLOWEST, LOWERED_TO * known)
        self._since = self._lowered_at = now
        self._lowered_after = self._starts
        self._excess = 0.0
        self._refused.clear()
        self._next_at = now + 1.0 / self._base
        self._exploring = now - oldest < EXPLORED_S

    def _accepted_rate(self, now: float, least_s: float) -> float:
        """Return how many requests a second were accepted lately."""
        lately = [start for start in self._accepted if start >= now - least_s]
        few = list(self._accepted)[-WITNESSES:]
        counted = lately if len(lately) > len(few) else few
        return len(counted) / max(least_s, now - counted[0]) if counted else 0.0

    def _accepted_since_full(self, now: float) -> float:
        """Return how many requests a second were accepted since a refusal of late.

        From one refusal to another that is the limit itself, also within the first
        second, of which :meth:`_accepted_rate` knows too little. Zero: unknown.
        """
        for_s = now - self._full_at
        accepted = sum(start > self._full_at for start in self._accepted)
        known = EXPLORED_S <= for_s <= 1.0 and accepted >= WITNESSES / 2
        return accepted / for_s if known else 0.0
