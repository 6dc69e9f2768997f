"""A lane before an endpoint of which every moment is simulated: no test waits."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.call import Call, Flight, Passenger
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.health import Health
from pytest_promptopt.models.lane import Attempt, Lane
from pytest_promptopt.models.rates import Limits, Rates
from pytest_promptopt.models.retry import RetryPolicy
from pytest_promptopt.records import Completion, Message, Request, Usage

NOON = 1_790_000_000.0


class Nobody:
    """A model that is never asked: the world answers in its place."""

    def complete(self, request: Request) -> Completion:
        raise AssertionError(request)


MODEL = NamedModel("house:m", Nobody())


def failure(
    status: int | None = 503,
    *,
    retryable: bool = True,
    retry_after_s: float | None = None,
) -> ModelError:
    error = ModelError(f"it said {status}", "try again", retryable=retryable)
    error.status, error.retry_after_s = status, retry_after_s
    return error


Answering = Callable[[float], "tuple[float, ModelError | None]"]
"""From the time of arrival to seconds until the answer, and what failed."""


@dataclass
class Bucket:
    """An endpoint that takes so many requests a second, and some at once."""

    rate: float
    burst: float
    latency_s: float = 0.05
    retry_after_s: float | None = 1.0
    error_rate: float = 0.05
    rejected: int = 0
    _left: float = -1.0
    _at: float = 0.0
    _draws: random.Random = field(default_factory=lambda: random.Random(7))

    def __call__(self, now: float) -> tuple[float, ModelError | None]:
        if self._left < 0:
            self._left = self.burst
        else:
            self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1:
            self.rejected += 1
            return 0.001, failure(429, retry_after_s=self.retry_after_s)
        self._left -= 1
        broken = self._draws.random() < self.error_rate
        return self.latency_s, failure(500) if broken else None


@dataclass
class World:
    """Sends flights down a lane with so many slots, moment by moment.

    Attributes:
        now: Seconds.
        sent: When each request was sent.
        replies: Keys in the order of their replies.
        lost: Errors by key.
    """

    answering: Answering
    slots: int = 32
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    limits: Limits | None = None
    usage: Usage = field(default_factory=Usage)
    now: float = 1000.0
    sent: list[float] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    lost: dict[str, ModelError] = field(default_factory=dict)
    most_in_flight: int = 0

    def __post_init__(self) -> None:
        self.health = Health(MODEL.name, self.policy, lambda: NOON + self.now)
        self.lane = Lane(
            health=self.health,
            policy=self.policy,
            rates=None if self.limits is None else Rates(self.limits),
            jitter=random.Random(0),
            deadline_s=self.policy.deadline_s,
        )
        self._numbers = count()
        self._events: list[tuple[float, int, Attempt, ModelError | None]] = []

    def queue(self, number: int, text: str = "hello") -> None:
        from concurrent.futures import Future

        request = Request(messages=(Message(role="user", content=text),))
        call = Call(model=MODEL, request=request, purpose="search")
        for _ in range(number):
            place = next(self._numbers)
            flight = Flight(f"r{place}", [Passenger(call, Future())])
            flight.number = place
            self.lane.append(flight)

    def run(self, until: float = float("inf")) -> None:
        """Go on until nothing is left to do, or for so long."""
        end = self.now + until
        while self.now <= end:
            if self.lane.gives_up_at <= self.now:
                self.health.give_up(self.now)
            self._weed()
            self._send()
            following = min(
                self._events[0][0] if self._events else float("inf"),
                self.lane.opens_at(self.now)
                if len(self._events) < self.slots
                else float("inf"),
                self.lane.gives_up_at,
            )
            if following == float("inf"):
                return
            self.now = max(self.now, following)
            while self._events and self._events[0][0] <= self.now:
                self._land(*heappop(self._events)[2:])

    def _weed(self) -> None:
        self.lost |= {flight.key: error for flight, error in self.lane.weeded()}

    def _send(self) -> None:
        while len(self._events) < self.slots and (
            self.lane.opens_at(self.now) <= self.now
        ):
            attempt = self.lane.sent(self.lane.pop(self.now), self.now)
            self.sent.append(self.now)
            after, error = self.answering(self.now)
            event = (self.now + after, next(self._numbers), attempt, error)
            heappush(self._events, event)
            self.most_in_flight = max(self.most_in_flight, len(self._events))

    def _land(self, attempt: Attempt, error: ModelError | None) -> None:
        key = attempt.flight.key
        if error is None:
            self.lane.replied(attempt, self.usage, self.now)
            self.replies.append(key)
        else:
            due = self.lane.failed(attempt, error, self.now)
            if due is None:
                self.lost[key] = error
            else:
                self.lane.repeat(attempt.flight, due)
        self.lane.ended(attempt)
