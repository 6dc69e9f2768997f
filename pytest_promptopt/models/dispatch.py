"""What the engine does on its loop: look up, send, repeat, commit, hand out."""

from __future__ import annotations

import asyncio
import itertools
import math
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import (
    BudgetExhausted,
    ModelError,
    ProviderOutage,
)
from pytest_promptopt.models.asking import Asking, broken
from pytest_promptopt.models.cache import encoded
from pytest_promptopt.models.leash import Leash
from pytest_promptopt.models.loop import DIED, cancel
from pytest_promptopt.models.paying import taken_from
from pytest_promptopt.models.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.cache import Cache
    from pytest_promptopt.models.call import Call, Flight
    from pytest_promptopt.models.lane import Attempt, Lane
    from pytest_promptopt.models.lanes import Lanes
    from pytest_promptopt.records import Completion

LATER_S = 0.01
"""How much later than a budget's time is over that is looked at, in seconds."""


class Dispatcher:
    """Brings flights to their models and replies to their passengers.

    Every method is called on one event loop.

    Args:
        concurrency: Requests in flight at once, from 1.
        cache: Where finished replies are kept.
        lanes: The queues of the models.
        clock: Monotonic, in seconds.

    Attributes:
        repeated: How many requests were to be sent again.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        cache: Cache | None,
        lanes: Lanes,
        clock: Callable[[], float],
    ) -> None:
        self._concurrency = concurrency
        self._cache = cache
        self._lanes = lanes
        self._clock = clock
        self.repeated = 0
        self._numbers = itertools.count()
        self._flights: dict[str, Flight] = {}
        self._leashes: dict[Attempt, Leash] = {}
        self._waking: asyncio.TimerHandle | None = None
        self._workers: set[asyncio.Task[None]] = set()
        self._on_duty = 0
        self._finished: list[tuple[Flight, Completion, str]] = []
        self._asking = Asking()
        self._watched: set[tuple[int, int]] = set()
        self._closing = False
        self._adrift: set[Flight] = set()

    @property
    def longest_s(self) -> float:
        """How long a call may take with all its tries, in seconds."""
        return self._lanes.longest_s

    def admit(self, arrived: Sequence[Flight]) -> None:
        """Answer flights from the cache, and have the other ones sent in order."""
        try:
            self._admit(arrived)
        except BaseException as error:
            for flight in arrived:
                flight.lose(_failure(error), DIED)
            raise

    def _admit(self, arrived: Sequence[Flight]) -> None:
        fresh: dict[str, Flight] = {}
        for flight in arrived:
            if self._closing:
                flight.strand()
                continue
            known = self._flights.get(flight.key) or fresh.setdefault(
                flight.key, flight
            )
            if known is not flight:
                known.passengers.extend(flight.passengers)
        found = self._cache.get_many(fresh) if self._cache is not None else {}
        for key, flight in fresh.items():
            if key in found:
                flight.land(found[key], cached=True)
            else:
                self._queue(flight)
        self._staff()

    async def close(self) -> None:
        """Cancel what is in flight, commit what is finished, close the models."""
        self._closing = True
        self._wake_in(math.inf)
        self._commit()  # first of all: the run may not wait for the end of the rest
        await cancel(set(self._workers))
        self._commit()
        for flight in self._flights.values():
            flight.strand()
        self._flights.clear()
        await self._asking.close()

    def beat(self) -> None:
        """See that every flight is on its way: what is missed here waits for ever."""
        self._safely(self._staff)
        if len(self._flights) <= (
            len(self._leashes) + self._lanes.queued + len(self._finished)
        ):
            self._adrift.clear()
            return
        on_way = {attempt.flight for attempt in self._leashes}
        on_way.update(self._lanes.waiting())
        on_way.update(flight for flight, _, _ in self._finished)
        adrift = set(self._flights.values()) - on_way
        for flight in adrift & self._adrift:
            self._forget(flight)
            flight.lose("the engine lost sight of a request", DIED)
        self._adrift = adrift

    def lose(self, why: str, hint: str) -> None:
        """Tell all who wait that nothing comes any more.

        Args:
            why: What became of it: the beginning of a sentence.
            hint: What to do about it, as one instruction.
        """
        for flight in list(self._flights.values()):
            flight.lose(why, hint)

    def _safely(self, step: Callable[..., None], *arguments: Any) -> None:
        """Take a step of our own; whom a fault of it leaves waiting is told."""
        try:
            step(*arguments)
        except Exception as error:
            self.lose(_failure(error), DIED)
            raise  # asyncio logs it

    def _forget(self, flight: Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]

    def _queue(self, flight: Flight) -> None:
        lane = self._lanes.of(flight.call.model)
        flight.number = next(self._numbers)
        refusal = lane.health.closed_for(flight.call.request.settings)
        if refusal is None:
            self._flights[flight.key] = flight
            lane.append(flight)
            self._watch(flight.call.budget, lane)
        else:
            flight.fail(refusal)

    def _watch(self, budget: Budget | None, lane: Lane) -> None:
        """See that nothing waits in a lane any more when a budget's time is over."""
        left_s = None if budget is None else budget.seconds_left
        if left_s is None or (id(budget), id(lane)) in self._watched:
            return
        self._watched.add((id(budget), id(lane)))
        loop = asyncio.get_running_loop()
        late_s = max(0.0, left_s) + LATER_S
        loop.call_later(late_s, self._safely, self._clear, lane)

    def _staff(self) -> None:
        """Send what may be sent now, and come back when the next request may."""
        while self._on_duty < self._concurrency and (departing := self._depart()):
            # Counted here and in the worker's last step, not in a callback after it:
            # what is admitted between the two would wait for a worker that is gone.
            self._on_duty += 1
            worker = asyncio.ensure_future(self._work(*departing))
            self._workers.add(worker)
            worker.add_done_callback(partial(self._left, *departing))

    def _depart(self) -> tuple[Lane, Attempt] | None:
        """Take the next request that may be sent now, if there is one."""
        while True:
            now = self._clock()
            for lane in self._lanes.given_up(now):
                self._clear(lane)
            found, soonest = self._lanes.next(now)
            if found is None:
                self._wake_in(soonest - now)
                return None
            flight = found.pop(now)
            if flight.board():
                attempt = found.sent(flight, now)
                self._leashes[attempt] = Leash()
                return found, attempt
            self._forget(flight)

    def _wake_in(self, wait_s: float) -> None:
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
        if wait_s < math.inf:
            loop = asyncio.get_running_loop()
            wait_s = max(0.0, wait_s)
            self._waking = loop.call_later(wait_s, self._safely, self._staff)

    async def _work(self, lane: Lane, attempt: Attempt) -> None:
        departing: tuple[Lane, Attempt] | None = (lane, attempt)
        try:
            while departing is not None:
                await self._fly(*departing)
                # A model that never waits must not keep the loop to itself.
                await asyncio.sleep(0)
                departing = self._depart()
        except Exception as error:
            self.lose(_failure(error), DIED)
            raise
        finally:
            self._on_duty -= 1
            if not self._closing:
                # A model may have cancelled its own task.
                self._safely(self._staff)

    def _left(self, lane: Lane, first: Attempt, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if self._leashes.pop(first, None) is None or self._closing:
            return
        # Somebody has cancelled all tasks of the loop before it could begin.
        self._on_duty -= 1
        lane.ended(first)
        self._give_up(first.flight, _cancelled(first.flight))
        self._safely(self._staff)

    async def _fly(self, lane: Lane, attempt: Attempt) -> None:
        flight, call = attempt.flight, attempt.flight.call
        leash = self._leashes[attempt]
        try:
            completion = await self._paid(call, leash, lane.time_left_s(attempt))
            text = _stored_form(call, completion)
        except asyncio.CancelledError:
            if self._closing:
                raise  # close() tells the passengers
            self._give_up(flight, _cancelled(flight))
        except BudgetExhausted as error:
            error.__cause__ = flight.last_error
            self._give_up(flight, error)
        except ModelError as error:
            self._failed(lane, attempt, error)
        except BaseException as error:  # noqa: BLE001 - goes to those who wait
            # Ctrl-C and pytest.exit too: on the loop they would end its thread.
            self._give_up(flight, error)
        else:
            lane.replied(attempt, completion.usage, self._clock())
            if not self._finished:
                # Replies of one turn of the loop share one commit.
                asyncio.get_running_loop().call_soon(self._safely, self._commit)
            self._finished.append((flight, completion, text))
        finally:
            del self._leashes[attempt]
            lane.ended(attempt)

    def _failed(self, lane: Lane, attempt: Attempt, error: ModelError) -> None:
        """Have a request sent again, or tell its passengers that it is not."""
        flight = attempt.flight
        due = lane.failed(attempt, error, self._clock())
        if flight.call.model.retries_itself:
            due = None
        refusal = lane.health.closed_for(flight.call.request.settings)
        if due is None:
            self._give_up(flight, error)
        elif refusal is not None:
            self._give_up(flight, refusal)
        else:
            self.repeated += 1
            lane.repeat(flight, due)
        if refusal is not None:
            self._clear(lane)

    def _clear(self, lane: Lane) -> None:
        """Tell those whose requests are not going to be sent, and end an outage's."""
        for flight, refusal in lane.weeded():
            self._give_up(flight, refusal)
        for attempt, leash in self._leashes.items():
            call = attempt.flight.call
            reason = lane.health.closed_for(call.request.settings)
            ours = lane is self._lanes.of(call.model)
            if ours and isinstance(reason, ProviderOutage):
                leash.strike(reason)

    def _give_up(self, flight: Flight, error: BaseException) -> None:
        self._forget(flight)
        stranded = flight.split() if isinstance(error, BudgetExhausted) else None
        flight.fail(error)
        if stranded is not None:
            self.admit([stranded])

    def _commit(self) -> None:
        finished, self._finished = self._finished, []
        try:
            if self._cache is not None and finished:
                self._cache.keep(
                    [(flight.key, reply, text) for flight, reply, text in finished]
                )
        finally:
            for flight, completion, _ in finished:
                self._forget(flight)
                flight.land(completion, cached=False)

    async def _paid(self, call: Call, leash: Leash, time_s: float) -> Completion:
        """Make an attempt within its time, taken from the call's budget."""
        budget, completion = call.budget, None
        late = partial(_too_late, call.model.name)
        if budget is None:
            with leash.within(time_s, late):
                return await self._asking.ask(call)
        taken = await taken_from(budget, call)
        left_s = budget.seconds_left
        try:
            if left_s is None or left_s > time_s:
                with leash.within(time_s, late):
                    completion = await self._asking.ask(call)
            else:
                with leash.within(left_s, budget.timed_out):
                    completion = await self._asking.ask(call)
        finally:
            budget.settle(call, taken, completion)
        return completion


def _failure(error: BaseException) -> str:
    said = one_line(f"{type(error).__name__}: {error}")
    return f"the engine failed ({said})"


def _cancelled(flight: Flight) -> ModelError:
    return broken(flight.call.model.name, "cancelled its own request")


def _too_late(name: str) -> ModelError:
    return ModelError(
        f"model {name!r}: no reply within its deadline, all tries included",
        "raise deadline_s of its provider, or see what holds the replies up",
        retryable=True,
    )


def _stored_form(call: Call, completion: Completion) -> str:
    try:
        return encoded(completion)
    except (TypeError, ValueError) as error:
        said = one_line(str(error))
        raise broken(
            call.model.name, f"returned a Completion that is not JSON: {said}"
        ) from error
