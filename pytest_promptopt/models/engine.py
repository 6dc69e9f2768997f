"""Every model call goes through here: cache, then budget, then the model.

One asyncio loop in one daemon thread runs all calls of a process under one limit on
requests in flight. Nothing here decides what a reply is worth, and the order in which
replies come changes nothing.
"""

from __future__ import annotations

import os
import random
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.call import Call, Flight, Passenger, Reply
from pytest_promptopt.models.dispatch import Dispatcher
from pytest_promptopt.models.loop import LoopThread
from pytest_promptopt.models.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from typing_extensions import Self

    from pytest_promptopt.models.cache import Cache

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
    ) -> None:
        if concurrency < 1:
            raise SettingError(
                f"{concurrency!r} requests in flight get no reply",
                "set promptopt_concurrency to 1 or more",
            )
        policy = RetryPolicy(retries=retries) if isinstance(retries, int) else retries
        self._dispatcher = Dispatcher(
            concurrency=concurrency,
            cache=cache,
            policy=policy,
            jitter=random.Random(seed),  # noqa: S311 - hides nothing
        )
        self._cache = cache
        self._notes = tuple(notes)
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None
        self._closed = False
        self._arrived: list[Flight] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to show about what went wrong beside the calls."""
        told = self._cache.notes if self._cache is not None else ()
        return (*self._notes, *told)

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
        futures: list[Future[Reply]] = []
        flights: list[Flight] = []
        for call in calls:
            future: Future[Reply] = Future()
            futures.append(future)
            try:
                flights.append(Flight(call.key, [Passenger(call, future)]))
            except SettingError as error:
                future.set_exception(error)
        if not self._hand_over(flights):
            for flight in flights:
                flight.strand()
        return futures

    def close(self) -> None:
        """Cancel what is in flight, close models and cache, and end the thread.

        Finished replies are in the cache and at their futures; the other futures fail.
        Closing again, or without a call having been started, does nothing.
        """
        if self._pid != os.getpid():
            return  # a forked child has no such thread, only its parent's pipe
        with self._lock:
            if self._thread is not None and not self._closed:
                self._thread.stop()
            self._closed = True
        if self._thread is not None:
            self._thread.join(CLOSE_S)
        if self._cache is not None:
            self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _hand_over(self, flights: list[Flight]) -> bool:
        with self._lock:
            if self._closed:
                return False
            if self._thread is None and flights:
                self._thread = LoopThread("promptopt-engine", self._finish)
            if self._thread is not None and flights:
                if not self._arrived:  # else the loop has been woken already
                    self._thread.call(self._receive)
                self._arrived.extend(flights)
        return True

    def _take_over(self) -> list[Flight]:
        with self._lock:
            arrived, self._arrived = self._arrived, []
        return arrived

    def _receive(self) -> None:
        self._dispatcher.admit(self._take_over())

    async def _finish(self) -> None:
        arrived = self._take_over()
        await self._dispatcher.close()
        for flight in arrived:
            flight.strand()
