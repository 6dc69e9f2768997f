"""The requests to one model that wait to be sent, and when the next one may be."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ProviderOutage
from pytest_promptopt.models.rates import Taken
from pytest_promptopt.models.retry import PATIENCE_AMONG_REPLIES
from pytest_promptopt.models.throttle import CLOSED_AFTER, Throttle

if TYPE_CHECKING:
    import random

    from pytest_promptopt.errors import ModelError
    from pytest_promptopt.models.call import Flight
    from pytest_promptopt.models.health import Health
    from pytest_promptopt.models.rates import Rates
    from pytest_promptopt.models.retry import RetryPolicy
    from pytest_promptopt.records import Usage

TOO_MANY = 429


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One request on its way.

    Attributes:
        flight: Who waits for it.
        sent_at: When it was sent.
        probes: Whether it is to show if a silent endpoint is back.
        taken: What it was taken to need of the account's rates.
    """

    flight: Flight
    sent_at: float
    probes: bool
    taken: Taken = field(default_factory=Taken)


class Lane:
    """The queue of one model. All times are of one monotonic clock, in seconds.

    Args:
        health: What is known of the endpoint.
        policy: How patient to be.
        rates: The account's limits, shared with its other models, if it has any.
        jitter: Spreads requests that failed together.
        deadline_s: Longest time for one call with all its repetitions.

    Attributes:
        deadline_s: The same.
    """

    def __init__(
        self,
        *,
        health: Health,
        policy: RetryPolicy,
        rates: Rates | None,
        jitter: random.Random,
        deadline_s: float,
    ) -> None:
        self.health = health
        self._policy = policy
        self._rates = rates
        self._jitter = jitter
        self.deadline_s = deadline_s
        self._throttle = Throttle()
        self._paused_until = -math.inf
        self._fresh: deque[Flight] = deque()
        self._late: list[tuple[float, int, Flight]] = []
        self._probe_at = -math.inf
        self._probing = 0
        self._flying = 0

    def append(self, flight: Flight) -> None:
        """Queue a request that was not sent before."""
        self._fresh.append(flight)

    def repeat(self, flight: Flight, due: float) -> None:
        """Queue a request that failed, to be sent again from a moment on."""
        heappush(self._late, (due, flight.number, flight))

    @property
    def queued(self) -> int:
        """How many requests wait to be sent."""
        return len(self._fresh) + len(self._late)

    def waiting(self) -> list[Flight]:
        """Return the requests that wait to be sent, in no order."""
        return [*self._fresh, *(flight for _, _, flight in self._late)]

    def weeded(self) -> list[tuple[Flight, ModelError]]:
        """Take out of the queue what is not to be sent any more, and say why."""
        refusals = {
            flight: refusal
            for flight in self.waiting()
            if (refusal := self._refusal_of(flight))
        }
        self._fresh = deque(each for each in self._fresh if each not in refusals)
        self._late = [entry for entry in self._late if entry[2] not in refusals]
        heapify(self._late)
        return list(refusals.items())

    def _refusal_of(self, flight: Flight) -> ModelError | None:
        budget = flight.call.budget
        if budget is not None and budget.is_over:
            return budget.timed_out()
        return self.health.closed_for(flight.call.request.settings)

    @property
    def gives_up_at(self) -> float:
        """When the endpoint is given up, if no reply comes; infinite: it is well."""
        busy = self._fresh or self._late or self._flying
        return self.health.gives_up_at if busy else math.inf

    def time_left_s(self, attempt: Attempt) -> float:
        """Return for how many seconds an attempt may be waited for."""
        return self.deadline_s - (attempt.sent_at - _began(attempt))

    def turn(self, now: float) -> int:
        """Return the number of the next request; one must wait."""
        return self._next(now).number

    def opens_at(self, now: float) -> float:
        """Return when the next request may be sent; infinite if none waits."""
        late_at = self._late[0][0] if self._late else math.inf
        at = now if self._fresh else late_at
        if at == math.inf:
            return at
        at = max(at, now, self._paused_until, self._throttle.opens_at(now))
        if self.health.is_silent:
            if self._probing:
                return math.inf  # one at a time; the end of this one opens the lane
            at = max(at, self._probe_at)
        if self._rates is not None and at <= now:
            at = self._rates.opens_at(now, self._next(now).call.request)
        return at

    def _next(self, now: float) -> Flight:
        return self._late[0][2] if self._late_first(now) else self._fresh[0]

    def _late_first(self, now: float) -> bool:
        if not (self._fresh and self._late):
            return bool(self._late)
        if self.health.is_silent and self.health.probes % 2 == 0:
            return False  # another one is tried: the fault may be that of the request
        return self._late[0][0] <= now

    def pop(self, now: float) -> Flight:
        """Take the next request out of the queue, which is open."""
        if self._late_first(now):
            return heappop(self._late)[2]
        return self._fresh.popleft()

    def sent(self, flight: Flight, now: float) -> Attempt:
        """Note that a request is sent."""
        silent = self.health.is_silent
        self._flying += 1
        self._probing += silent
        self._throttle.started(now)
        if flight.began is None:
            flight.began = now
        if self._rates is None:
            return Attempt(flight, now, silent)
        return Attempt(flight, now, silent, self._rates.take(now, flight.call.request))

    def ended(self, attempt: Attempt) -> None:
        """Note that a request is not on its way any more, however it ended."""
        self._flying -= 1
        self._probing -= attempt.probes

    def replied(self, attempt: Attempt, usage: Usage, now: float) -> None:
        """Note a reply."""
        self._throttle.answered()
        if self.health.probes:
            self._throttle.paused(now)  # all that waits must not come at once
        self.health.replied(now)
        if self._rates is not None:
            self._rates.settle(attempt.taken, usage)

    def failed(self, attempt: Attempt, error: ModelError, now: float) -> float | None:
        """Note a failure.

        Returns:
            From when on the request may be sent again; ``None``: never.
        """
        flight, asked_s = attempt.flight, error.retry_after_s
        limited = error.status == TOO_MANY and error.retryable
        too_long = asked_s is not None and asked_s > self._policy.longest_pause_s
        if isinstance(error, ProviderOutage):  # a model of one's own may know it
            self.health.give_up(now, error)
            return None
        if not limited:
            self._throttle.answered()
        elif self._rates is not None:
            self._rates.give_back(attempt.taken)
        if not error.retryable or too_long:
            self.health.refused(error, flight.call.request.settings)
            return None
        was_silent = self.health.is_silent
        speaks = not limited and (attempt.probes or not was_silent)
        self.health.failed(error, flight.key, now, counts=speaks)
        flight.failures += not limited
        flight.last_error = error
        if limited:
            due = self._held_back(attempt, asked_s, now)
        else:
            due = self._backed_off(attempt, asked_s, now, probes=speaks)
        return due if self._goes_on(attempt, due, now) else None

    def _held_back(self, attempt: Attempt, asked_s: float | None, now: float) -> float:
        """Ask less often; stop if nothing gets through."""
        is_closed = self._throttle.refused(attempt.sent_at, now)
        tries = max(1, self._throttle.in_a_row - CLOSED_AFTER + 1)
        own_s = self._policy.wait_s(tries, self._jitter.random(), among_replies=False)
        # One that asks for nothing is not believed: it would be asked for ever.
        wait_s = asked_s or own_s
        if is_closed:
            self._pause(now + max(wait_s, own_s))
        elif not self._others(attempt):
            self._pause(now + wait_s)
        return now + wait_s

    def _others(self, attempt: Attempt) -> bool:
        """Return whether others may get through while one is turned away."""
        return self._flying > 1 or self.health.replied_since(attempt.sent_at - 1.0)

    def _backed_off(
        self, attempt: Attempt, asked_s: float | None, now: float, *, probes: bool
    ) -> float:
        if asked_s:
            self._pause(now + asked_s)
        if not self.health.is_silent:
            own_s = self._policy.wait_s(
                attempt.flight.failures,
                self._jitter.random(),
                among_replies=self.health.replied_since(_began(attempt)),
            )
            return now + max(own_s, asked_s or 0.0)
        # The endpoint is tried at growing intervals, with whatever waits.
        if probes:
            self._probe_at = now + self._policy.wait_s(
                self.health.probes + 1, self._jitter.random(), among_replies=False
            )
        return now + (asked_s or 0.0)

    def _pause(self, until: float) -> None:
        self._paused_until = max(self._paused_until, until)
        self._throttle.paused(self._paused_until)

    def _goes_on(self, attempt: Attempt, due: float, now: float) -> bool:
        """Return whether a request that failed is sent again."""
        flight, policy = attempt.flight, self._policy
        began = _began(attempt)
        if policy.retries == 0 or due > began + self.deadline_s:
            return False
        if self.health.replied_since(began):
            return flight.failures <= PATIENCE_AMONG_REPLIES * policy.retries
        if self.health.was_reached:
            # Of many that fail together, the end of the outage's patience is the end.
            many = self.health.gives_up_at < math.inf
            return many or now - began < self.health.patience_s
        return flight.failures <= policy.retries


def _began(attempt: Attempt) -> float:
    began = attempt.flight.began
    return attempt.sent_at if began is None else began
