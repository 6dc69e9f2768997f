"""Driving one prompt test inside pytest: in the main thread, or on an event loop."""

from __future__ import annotations

import contextlib
import functools
import inspect
from typing import TYPE_CHECKING, Any

from pytest_promptopt.items import injection, judging
from pytest_promptopt.items.watching import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    import pytest

    from pytest_promptopt.items.body import Body
    from pytest_promptopt.items.delivery.way import Delivery
    from pytest_promptopt.items.pending import Batch, Pending
    from pytest_promptopt.items.watching import Watch
    from pytest_promptopt.models.engine import Engine
    from pytest_promptopt.records import TestResult
    from pytest_promptopt.scorers import Scorer

CAPTURES = ("capsys", "capfd", "capsysbinary", "capfdbinary", "capteesys")
BODIES_AT_ONCE = 32
CANCEL_S = 2.0  # longest wait for bodies that were cancelled
HURRY_S = 0.2  # the same after Ctrl-C
TICK_S = 0.1  # between two looks at a body in a thread of its own


def looped(
    item: pytest.Function,
    *,
    scorer: Scorer | None,
    conducted: Generator[Batch, None, TestResult],
    engine: Engine,
    threads: int,
    delivery: Delivery,
    finish: Callable[[TestResult], None],
    watch: Watch = UNSEEN,
) -> Callable[..., Any]:
    """Return the function that pytest, or an async plugin, calls in the body's place.

    Args:
        item: The item; its ``obj`` is the user's function.
        scorer: The marker's scorer.
        conducted: Yields the trials to judge.
        engine: Answers a live handle.
        threads: Bodies at once in an ordinary function.
        delivery: How the text of an arm gets into the application.
        finish: Takes the result.
        watch: Is told how far it is.
    """
    function = item.obj
    names = injection.own_names(item.function)

    def body_with(fixtures: Mapping[str, Any]) -> Body:
        from pytest_promptopt.items.body import Body

        return Body(
            function=function,
            names=names,
            fixtures={k: v for k, v in fixtures.items() if k not in names},
            scorer=scorer,
            runs=injection.has_body(item.function),
            clearing=_clearing(fixtures),
            delivery=delivery,
        )

    def loop(**fixtures: Any) -> None:
        __tracebackhide__ = True
        body = body_with(fixtures)
        with contextlib.closing(delivery):
            finish(drive(conducted, body, engine, threads, watch))

    async def async_loop(**fixtures: Any) -> None:
        body = body_with(fixtures)
        on_trio = "trio" in str(item.funcargs.get("anyio_backend", ""))
        with contextlib.closing(delivery):
            finish(await drive_async(conducted, body, engine, watch, anyio=on_trio))

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
    watch: Watch = UNSEEN,
) -> TestResult:
    """Run the body on each trial in order, in this thread unless more are asked for."""
    __tracebackhide__ = True
    while True:
        try:
            batch = next(conducted)
        except StopIteration as stop:
            result: TestResult = stop.value
            return result
        watch.asked(batch)
        for part in body.delivery.parts(batch):
            with body.delivery.in_place(part):
                _run(part, body, engine, threads, watch)
        for pending in batch:
            _finish(pending, watch)


def _finish(pending: Pending, watch: Watch) -> None:
    __tracebackhide__ = True
    if pending.inquiry is None:
        return
    from pytest_promptopt.items import grading

    for coming in pending.inquiry.coming:
        watch.until(coming)
    grading.finish(pending)
    watch.judged(pending)


def _run(batch: Batch, body: Body, engine: Engine, threads: int, watch: Watch) -> None:
    __tracebackhide__ = True
    if threads > 1:
        _run_in_threads(batch, body, engine, threads, watch)
        return
    from pytest_promptopt.items.tracebacks import Tracebacks

    tracebacks = Tracebacks()
    for pending in batch:
        if pending.reply is not None:
            watch.until(pending.reply)
        judging.judge(pending, body, engine)
        tracebacks.thin(pending)
        if pending.inquiry is None:
            watch.judged(pending)


def _run_in_threads(
    batch: Batch, body: Body, engine: Engine, threads: int, watch: Watch
) -> None:
    jobs = [
        functools.partial(judging.judge, pending, body, engine) for pending in batch
    ]
    from pytest_promptopt.items import body_threads

    with body_threads.running(jobs, threads) as futures:
        for pending, done in zip(batch, futures, strict=True):
            watch.until(done)
            done.result()
            if pending.inquiry is None:
                watch.judged(pending)


async def drive_async(
    conducted: Generator[Batch, None, TestResult],
    body: Body,
    engine: Engine,
    watch: Watch = UNSEEN,
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
        watch.asked(batch)
        from pytest_promptopt.items import arrival

        reply = arrival.on_trio if anyio else arrival.on_asyncio
        for part in body.delivery.parts(batch):
            with body.delivery.in_place(part):
                await _run_async(part, body, engine, watch, anyio=anyio)
        for pending in batch:
            if pending.inquiry is not None:
                from pytest_promptopt.items import grading

                await grading.finish_async(pending, reply)
                watch.judged(pending)


async def _run_async(
    batch: Batch, body: Body, engine: Engine, watch: Watch, *, anyio: bool
) -> None:
    from pytest_promptopt.items import arrival

    reply = arrival.on_trio if anyio else arrival.on_asyncio

    async def judge(pending: Pending) -> None:
        await judging.judge_async(pending, body, engine, reply)
        if pending.inquiry is None:
            watch.judged(pending)

    from pytest_promptopt.items.tracebacks import Tracebacks

    tracebacks = Tracebacks()
    for first in range(0, len(batch), BODIES_AT_ONCE):
        some = batch[first : first + BODIES_AT_ONCE]
        bodies = [judge(pending) for pending in some]
        await (_together_on_trio(bodies) if anyio else _together(bodies))
        for pending in some:
            tracebacks.thin(pending)


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


def run_unowned(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    watch: Watch = UNSEEN,
) -> None:
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
        while thread.is_alive():
            watch.tick()
            thread.join(TICK_S)
    except BaseException as error:  # Ctrl-C or a timeout; only the main thread is met
        for cancel in cancels:
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                cancel()
        thread.join(HURRY_S if isinstance(error, KeyboardInterrupt) else CANCEL_S)
        raise
    if raised:
        raise raised[0]
