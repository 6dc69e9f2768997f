"""What the engine does on its loop: look up, send, repeat, commit, hand out."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import BudgetExhausted, ModelError, SettingError
from pytest_promptopt.models.cache import encoded
from pytest_promptopt.models.foreign import as_model_error
from pytest_promptopt.models.loop import GRACE_S, cancel
from pytest_promptopt.models.retry import Pace, RetryPolicy
from pytest_promptopt.models.text import one_line
from pytest_promptopt.models.threads import DaemonThreads
from pytest_promptopt.records import Completion

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Iterable

    from pytest_promptopt.models.cache import Cache
    from pytest_promptopt.models.call import Call, Flight
    from pytest_promptopt.models.chat import ChatModel


class Dispatcher:
    """Brings flights to their models and replies to their passengers.

    Every method is called on one event loop.

    Args:
        concurrency: Requests in flight at once, from 1.
        cache: Where finished replies are kept.
        policy: How patient to be with a model that fails.
        jitter: Spreads requests that failed together.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        cache: Cache | None,
        policy: RetryPolicy,
        jitter: random.Random,
    ) -> None:
        self._concurrency = concurrency
        self._cache = cache
        self._policy = policy
        self._jitter = jitter
        self._flights: dict[str, Flight] = {}
        self._waiting: deque[Flight] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._on_duty = 0
        self._finished: list[tuple[Flight, Completion, str]] = []
        self._paces: dict[str, Pace] = {}
        self._asked: dict[int, ChatModel] = {}
        self._threads = DaemonThreads()
        self._closing = False

    def admit(self, arrived: Iterable[Flight]) -> None:
        """Answer flights from the cache, and have the other ones sent in order."""
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
                self._flights[key] = flight
                self._waiting.append(flight)
        self._staff()

    async def close(self) -> None:
        """Cancel what is in flight, commit what is finished, close the models."""
        self._closing = True
        self._waiting.clear()
        await cancel(set(self._workers))
        self._commit()
        for flight in self._flights.values():
            flight.strand()
        self._flights.clear()
        closing = asyncio.ensure_future(_close(self._asked.values(), self._threads))
        await asyncio.wait([closing], timeout=GRACE_S)
        self._threads.close()

    def _staff(self) -> None:
        for _ in range(min(len(self._waiting), self._concurrency - self._on_duty)):
            # Counted here and in the worker's last step, not in a callback after it:
            # what is admitted between the two would wait for a worker that is gone.
            self._on_duty += 1
            worker = asyncio.ensure_future(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        try:
            while self._waiting:
                flight = self._waiting.popleft()
                if flight.board():
                    await self._fly(flight)
                else:
                    del self._flights[flight.key]
                # A model that never waits must not keep the loop to itself.
                await asyncio.sleep(0)
        finally:
            self._on_duty -= 1
            if not self._closing:
                self._staff()  # a model may have cancelled its own task

    async def _fly(self, flight: Flight) -> None:
        call = flight.call
        try:
            completion = await self._ask(call)
            text = _stored_form(call, completion)
        except asyncio.CancelledError:
            if self._closing:
                raise  # close() tells the passengers
            error = _broken(call.model.name, "cancelled its own request")
            self._give_up(flight, error)
        except BaseException as error:  # noqa: BLE001 - goes to those who wait
            # Ctrl-C and pytest.exit too: on the loop they would end its thread.
            self._give_up(flight, error)
        else:
            if not self._finished:
                # Replies of one turn of the loop share one commit.
                asyncio.get_running_loop().call_soon(self._commit)
            self._finished.append((flight, completion, text))

    def _give_up(self, flight: Flight, error: BaseException) -> None:
        self._flights.pop(flight.key, None)
        stranded = flight.split() if isinstance(error, BudgetExhausted) else None
        flight.fail(error)
        if stranded is not None:
            self.admit([stranded])

    def _commit(self) -> None:
        finished, self._finished = self._finished, []
        try:
            if self._cache is not None and finished:
                self._cache.store([(flight.key, text) for flight, _, text in finished])
        finally:
            for flight, completion, _ in finished:
                self._flights.pop(flight.key, None)
                flight.land(completion, cached=False)

    async def _ask(self, call: Call) -> Completion:
        """Send one request until a reply comes or there is no point in going on."""
        pace = self._paces.setdefault(call.model.identity, Pace())
        began = time.monotonic()
        failures = 0
        last_error: ModelError | None = None
        while True:
            await self._sit_out(pace)
            try:
                if call.budget is not None:
                    call.budget.take()
                completion = await self._attempt(call)
            except BudgetExhausted as error:
                raise error from last_error
            except ModelError as error:
                if call.model.retries_itself:
                    raise
                last_error = error
                failures += 1
                wait_s = pace.failed(
                    error,
                    failures=failures,
                    began=began,
                    now=time.monotonic(),
                    policy=self._policy,
                    draw=self._jitter.random(),
                )
                if wait_s is None:
                    raise
            else:
                pace.replied(time.monotonic())
                return completion
            await asyncio.sleep(wait_s)

    async def _sit_out(self, pace: Pace) -> None:
        """Wait for the end of a pause that the model asked for, if there is one."""
        while pause_s := pace.pause_s(time.monotonic()):
            late = self._policy.spread_s(pause_s, self._jitter.random())
            await asyncio.sleep(pause_s + late)

    async def _attempt(self, call: Call) -> Completion:
        name, chat = call.model.name, call.model.chat
        self._asked[id(chat)] = chat
        began = time.perf_counter()
        try:
            if inspect.iscoroutinefunction(chat.complete):
                completion = await chat.complete(call.request)
            else:
                completion = await self._threads.run(chat.complete, call.request)
                if inspect.isawaitable(completion):
                    completion = await completion
        except (ModelError, SettingError):
            raise
        except Exception as error:
            raise as_model_error(name, error) from error
        if not (
            isinstance(completion, Completion) and isinstance(completion.text, str)
        ):
            shown = one_line(repr(completion))
            raise _broken(name, f"returned {shown} instead of a Completion")
        if completion.latency_s:
            return completion
        return replace(completion, latency_s=time.perf_counter() - began)


def _broken(name: str, what: str) -> ModelError:
    return ModelError(f"model {name!r} {what}", "correct the model's complete()")


def _stored_form(call: Call, completion: Completion) -> str:
    try:
        return encoded(completion)
    except (TypeError, ValueError) as error:
        said = one_line(str(error))
        raise _broken(
            call.model.name, f"returned a Completion that is not JSON: {said}"
        ) from error


async def _close(models: Iterable[ChatModel], threads: DaemonThreads) -> None:
    closings = [
        closing for model in models if (closing := _closing(model, threads)) is not None
    ]
    # A connection that cannot be closed is nobody's loss any more.
    await asyncio.gather(*closings, return_exceptions=True)


def _closing(model: ChatModel, threads: DaemonThreads) -> Awaitable[Any] | None:
    aclose, close = getattr(model, "aclose", None), getattr(model, "close", None)
    if inspect.iscoroutinefunction(aclose):
        return aclose()
    if inspect.ismethod(close) and not inspect.iscoroutinefunction(close):
        return threads.run(lambda _: close(), None)
    return None
