"""The queues of all models that an engine asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.models.health import Health
from pytest_promptopt.models.lane import Lane
from pytest_promptopt.models.rates import Rates

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from pytest_promptopt.models.call import Flight
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.retry import RetryPolicy


class Lanes:
    """One lane for each model, and the rates of each account.

    Args:
        policy: How patient to be with a model that fails.
        jitter: Spreads requests that failed together.
        processes: How many processes share an account's rates, from 1.
        wall_clock: Gives the time of day for messages, in seconds since 1970.
    """

    def __init__(
        self,
        *,
        policy: RetryPolicy,
        jitter: random.Random,
        processes: int,
        wall_clock: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._jitter = jitter
        self._processes = processes
        self._wall_clock = wall_clock
        self._lanes: dict[str, Lane] = {}
        self._rates: dict[str, Rates] = {}

    def of(self, model: NamedModel) -> Lane:
        """Return a model's lane."""
        identity = model.identity
        if identity not in self._lanes:
            self._lanes[identity] = self._new(model)
        return self._lanes[identity]

    @property
    def queued(self) -> int:
        """How many requests wait to be sent."""
        return sum(lane.queued for lane in self._lanes.values())

    def waiting(self) -> Iterator[Flight]:
        """Return the requests that wait to be sent."""
        for lane in self._lanes.values():
            yield from lane.waiting()

    @property
    def longest_s(self) -> float:
        """How long a call to any of the models may take, in seconds."""
        own_s = (lane.deadline_s for lane in self._lanes.values())
        return max([self._policy.deadline_s, *own_s])

    def given_up(self, now: float) -> list[Lane]:
        """Give up the endpoints that have not replied for too long."""
        found = [lane for lane in self._lanes.values() if lane.gives_up_at <= now]
        for lane in found:
            lane.health.give_up(now)
        return found

    def next(self, now: float) -> tuple[Lane | None, float]:
        """Return the lane whose next request may be sent now, the earliest queued.

        Returns:
            The lane, or else ``None`` and when to look again.
        """
        found: Lane | None = None
        first = soonest = math.inf
        for lane in self._lanes.values():
            opens_at = lane.opens_at(now)
            soonest = min(soonest, opens_at, lane.gives_up_at)
            if opens_at <= now and lane.turn(now) < first:
                found, first = lane, lane.turn(now)
        return found, soonest

    def _new(self, model: NamedModel) -> Lane:
        limits = model.limits
        rates: Rates | None = None
        if limits is not None:
            rates = self._rates.setdefault(
                limits.account, Rates(limits, processes=self._processes)
            )
        deadline_s = model.deadline_s
        return Lane(
            health=Health(model.name, self._policy, self._wall_clock),
            policy=self._policy,
            rates=rates,
            jitter=self._jitter,
            deadline_s=self._policy.deadline_s if deadline_s is None else deadline_s,
        )
