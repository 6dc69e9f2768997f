"""Driving one prompt test inside pytest: in the main thread, or on an event loop."""

from __future__ import annotations

import contextlib
import functools
import inspect
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any

from pytest_promptopt.items import injection, judging
from pytest_promptopt.items.body import Body

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from concurrent.futures import Future

    import pytest

    from pytest_promptopt.items.pending import Batch
    from pytest_promptopt.models.engine import Engine, Reply
    from pytest_promptopt.records import TestResult
    from pytest_promptopt.scorers import Scorer

CAPTURES = ("capsys", "capfd", "capsysbinary", "capfdbinary", "capteesys")
BODIES_AT_ONCE = 32
CANCEL_S = 2.0  # longest wait for bodies that were cancelled


def looped(
    item: pytest.Function,
    *,
    scorer: Scorer | None,
    conducted: Generator[Batch, None, TestResult],
    engine: Engine,
    threads: int,
    finish: Callable[[TestResult], None],
) -> Callable[..., Any]:
    """Return the function that pytest, or an async plugin, calls in the body's place.

    Args:
        item: The item; its ``obj`` is the user's function.
        scorer: The marker's scorer.
        conducted: Yields the trials to judge.
        engine: Answers a live handle.
        threads: Bodies at once in an ordinary function.
        finish: Takes the result.
    """
    function = item.obj
    names = injection.own_names(item.function)

    def body_with(fixtures: Mapping[str, Any]) -> Body:
        return Body(
            function=function,
            names=names,
            fixtures={k: v for k, v in fixtures.items() if k not in names},
            scorer=scorer,
            runs=injection.has_body(item.function),
            clearing=_clearing(fixtures),
        )

    def loop(**fixtures: Any) -> None:
        __tracebackhide__ = True
        body = body_with(fixtures)
        finish(drive(conducted, body, engine, threads))

    async def async_loop(**fixtures: Any) -> None:
        body = body_with(fixtures)
        on_trio = "trio" in str(item.funcargs.get("anyio_backend", ""))
        finish(await drive_async(conducted, body, engine, anyio=on_trio))

    return async_loop if inspect.iscoroutinefunction(function) else loop


def argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names that pytest passes to a function: those without a default."""
    by_name = (
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    )
    return tuple(
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty and parameter.kind in by_name
    )


def _clearing(fixtures: Mapping[str, Any]) -> Callable[[], None]:
    """Return what empties the user's capture fixtures, so that a case sees its own."""
    caplog = fixtures.get("caplog")
    captures = [fixtures[name] for name in CAPTURES if name in fixtures]

    def clear() -> None:
        if caplog is not None:
            caplog.clear()
        for capture in captures:
            capture.readouterr()

    return clear


def drive(
    conducted: Generator[Batch, None, TestResult],
    body: Body,
    engine: Engine,
    threads: int,
) -> TestResult:
    """Run the body on each trial in order, in this thread unless more are asked for."""
    __tracebackhide__ = True
    while True:
        try:
            batch = next(conducted)
        except StopIteration as stop:
            result: TestResult = stop.value
            return result
        if threads > 1:
            _in_threads(batch, body, engine, threads)
            continue
        for pending in batch:
            judging.judge(pending, body, engine)


def _in_threads(batch: Batch, body: Body, engine: Engine, threads: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        for done in [
            pool.submit(judging.judge, pending, body, engine) for pending in batch
        ]:
            done.result()


async def drive_async(
    conducted: Generator[Batch, None, TestResult],
    body: Body,
    engine: Engine,
    *,
    anyio: bool,
) -> TestResult:
    """Run an ``async`` body on many trials at once, on the loop that owns the test."""
    while True:
        try:
            batch = next(conducted)
        except StopIteration as stop:
            result: TestResult = stop.value
            return result
        for first in range(0, len(batch), BODIES_AT_ONCE):
            part = batch[first : first + BODIES_AT_ONCE]
            reply = _reply_on_trio if anyio else _reply_on_asyncio
            bodies = [
                judging.judge_async(pending, body, engine, reply) for pending in part
            ]
            await (_together_on_trio(bodies) if anyio else _together(bodies))


async def _together(bodies: list[Any]) -> None:
    import asyncio

    tasks = [asyncio.ensure_future(body) for body in bodies]
    try:
        await asyncio.gather(*tasks)
    finally:
        # After a fault, the other bodies must not run on into the next test.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _reply_on_asyncio(reply: Future[Reply]) -> None:
    import asyncio

    # asyncio would not let an exit pass, so the outcome stays where it is.
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(arrived.set)

    reply.add_done_callback(wake)
    await arrived.wait()


async def _together_on_trio(bodies: list[Any]) -> None:
    # A trio loop has no asyncio tasks; anyio is there, since its plugin runs the test.
    from anyio import create_task_group

    async def run(body: Any) -> None:
        await body

    try:
        async with create_task_group() as group:
            for body in bodies:
                group.start_soon(run, body)
    except BaseException as error:  # noqa: BLE001 - raised again, unwrapped
        inner = getattr(error, "exceptions", ())
        raise (inner[0] if inner else error) from None


async def _reply_on_trio(reply: Future[Reply]) -> None:
    from anyio import to_thread

    def outlast() -> None:
        wait([reply])

    await to_thread.run_sync(outlast, abandon_on_cancel=True)


def run_unowned(function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Run a coroutine function that no plugin owns, on a loop in a thread of its own.

    The main thread may have a loop that is not ours to use.
    """
    import asyncio
    import threading

    raised: list[BaseException] = []
    cancels: list[Callable[[], object]] = []

    async def body() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is not None:
            cancels.append(functools.partial(loop.call_soon_threadsafe, task.cancel))
        await function(**arguments)

    def target() -> None:
        try:
            asyncio.run(body())
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
            raised.append(error)

    thread = threading.Thread(target=target, name="promptopt-body", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:  # Ctrl-C or a timeout, which only the main thread meets
        for cancel in cancels:
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                cancel()
        thread.join(CANCEL_S)
        raise
    if raised:
        raise raised[0]
