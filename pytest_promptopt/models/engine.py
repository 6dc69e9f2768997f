"""Every model call goes through here: cache, then budget, then the model.

One asyncio loop in one daemon thread runs all calls of a process under one limit on
requests in flight. Nothing here decides what a reply is worth, and the order in which
replies come changes nothing.
"""

from __future__ import annotations

import os
import random
import threading
import time
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError, SettingError
from pytest_promptopt.models.call import Call, Flight, Passenger, Reply
from pytest_promptopt.models.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from typing_extensions import Self

    from pytest_promptopt.models.arrivals import Arrivals
    from pytest_promptopt.models.cache import Cache
    from pytest_promptopt.models.dispatch import Dispatcher
    from pytest_promptopt.records import Completion

__all__ = ["Call", "Engine", "Reply", "RetryPolicy"]

CLOSE_S = 5.0  # longest wait for a loop that a model blocks


class Engine:
    """Runs model calls, many at once, equal ones once.

    Nothing is started before the first call. Every method may be called from any
    thread. It is a context manager that closes itself.

    Args:
        concurrency: Requests in flight at once, from 1.
        cache: Where finished replies are kept; closed with the engine.
        retries: How often a request that failed for a passing reason is sent again, or
            the whole policy.
        seed: Seed of the jitter between retries.
        notes: Sentences to show about the calls.
        processes: How many processes share the rates of an account, from 1.
        clock: Monotonic, in seconds.
        wall_clock: The time of day for messages, in seconds since 1970.

    Raises:
        SettingError: The concurrency is below 1.
    """

    def __init__(
        self,
        concurrency: int = 32,
        cache: Cache | None = None,
        *,
        retries: int | RetryPolicy = 4,
        seed: int = 0,
        notes: Sequence[str] = (),
        processes: int = 1,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        if concurrency < 1:
            raise SettingError(
                f"{concurrency!r} requests in flight get no reply",
                "set promptopt_concurrency to 1 or more",
            )
        policy = RetryPolicy(retries=retries) if isinstance(retries, int) else retries
        self._dispatching = partial(
            _dispatcher,
            concurrency=concurrency,
            cache=cache,
            clock=clock,
            policy=policy,
            jitter=random.Random(seed),  # noqa: S311 - hides nothing
            processes=processes,
            wall_clock=wall_clock,
        )
        self._dispatcher: Dispatcher | None = None
        self._cache = cache
        self._notes = tuple(notes)
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._arrivals: Arrivals | None = None
        self._beat_s = policy.beat_s
        self._closed = False

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to show about what went wrong beside the calls."""
        told = self._cache.notes if self._cache is not None else ()
        return (*self._notes, *told)

    @property
    def repeated(self) -> int:
        """How many requests had to be sent again so far."""
        return self._dispatcher.repeated if self._dispatcher is not None else 0

    def start(self, call: Call) -> Future[Reply]:
        """Start one call; see :meth:`start_all`."""
        return self.start_all([call])[0]

    def start_all(self, calls: Iterable[Call]) -> list[Future[Reply]]:
        """Start calls and return their futures, in the same order.

        A future fails with :class:`~pytest_promptopt.errors.ModelError` if no usable
        reply came, with ``BudgetExhausted`` if the call could not be paid for, and with
        ``SettingError`` if the request cannot be sent. One that is cancelled before its
        request was sent costs nothing.
        """
        return [
            _future_of(answer) if isinstance(answer, Reply) else answer
            for answer in self.ask_all(calls)
        ]

    def ask_all(self, calls: Iterable[Call]) -> list[Reply | Future[Reply]]:
        """Answer from the cache what it knows, and start the other calls.

        The cache is read at once and in the calling thread: a run that is repeated
        starts no thread and makes no future.

        Returns:
            For each call, in the same order, its reply or a future as
            :meth:`start_all` gives it.
        """
        if self._pid != os.getpid():
            return [_not_asked_here(call) for call in calls]
        answers: list[Reply | Future[Reply]] = []
        flights: list[Flight] = []
        asked = [(call, _key_of(call)) for call in calls]
        known = self._known(key for _, key in asked if isinstance(key, str))
        for call, key in asked:
            if isinstance(key, str) and key in known:
                call.note_replay(known[key])
                answers.append(Reply(known[key], cached=True))
                continue
            future: Future[Reply] = Future()
            answers.append(future)
            if isinstance(key, str):
                flights.append(Flight(key, [Passenger(call, future)]))
            else:
                future.set_exception(key)
        self._hand_over(flights)
        return answers

    def close(self, within_s: float = CLOSE_S) -> None:
        """Cancel what is in flight, close models and cache, and end the thread.

        Finished replies are in the cache and at their futures; the other futures fail.
        Closing again, or without a call having been started, does nothing.

        Args:
            within_s: Longest wait for a loop that a model blocks.
        """
        if self._pid != os.getpid():
            return  # a forked child has no such thread, only its parent's pipe
        with self._lock:
            if self._arrivals is not None and not self._closed:
                self._arrivals.stop()
            self._closed = True
        if self._arrivals is not None:
            self._arrivals.join(within_s)
        if self._cache is not None:
            self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _known(self, keys: Iterable[str]) -> Mapping[str, Completion]:
        if self._cache is None or self._closed:
            return {}
        return self._cache.get_many(keys)

    def _hand_over(self, flights: list[Flight]) -> None:
        with self._lock:
            if flights and not self._closed:
                self._started().hand_over(flights)
                return
        for flight in flights:
            flight.strand()

    def _started(self) -> Arrivals:
        if self._arrivals is None:
            from pytest_promptopt.models.arrivals import Arrivals

            # Here, in the thread that can be told what goes wrong.
            self._dispatcher = self._dispatching()
            self._arrivals = Arrivals(self._dispatcher, self._beat_s)
        return self._arrivals


def _key_of(call: Call) -> str | SettingError:
    try:
        return call.key
    except SettingError as error:
        return error


def _not_asked_here(call: Call) -> Future[Reply]:
    # No thread but the one that forks goes on in the child.
    future: Future[Reply] = Future()
    future.set_exception(
        ModelError(
            f"model {call.model.name!r} was asked in process {os.getpid()}, which was "
            "forked from the one that runs the prompt tests",
            "ask it in the process of pytest, or in a thread of it",
        )
    )
    return future


def _future_of(reply: Reply) -> Future[Reply]:
    future: Future[Reply] = Future()
    future.set_result(reply)
    return future


def _dispatcher(
    *,
    concurrency: int,
    cache: Cache | None,
    clock: Callable[[], float],
    policy: RetryPolicy,
    jitter: random.Random,
    processes: int,
    wall_clock: Callable[[], float],
) -> Dispatcher:
    # Here, since a run that the cache answers needs neither it nor asyncio.
    from pytest_promptopt.models.dispatch import Dispatcher
    from pytest_promptopt.models.lanes import Lanes

    lanes = Lanes(
        policy=policy, jitter=jitter, processes=processes, wall_clock=wall_clock
    )
    return Dispatcher(concurrency=concurrency, cache=cache, lanes=lanes, clock=clock)
