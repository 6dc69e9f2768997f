"""Threads that run bodies, and never keep a run from ending."""

from __future__ import annotations

import contextlib
import queue
import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    Jobs = queue.SimpleQueue[tuple[Future[Any], Callable[[], None]]]


@contextlib.contextmanager
def running(
    jobs: Iterable[Callable[[], None]], number: int
) -> Generator[list[Future[Any]]]:
    """Run functions in threads, and give their futures in the same order.

    Unlike those of ``concurrent.futures`` the threads are daemons: a body that waits
    for its application must not keep Ctrl-C waiting. After another fault what has not
    begun is left out, and what has is waited for, since the next test comes then.

    Args:
        jobs: The functions.
        number: Threads at most, from 1.
    """
    waiting: Jobs = queue.SimpleQueue()
    futures: list[Future[Any]] = []
    for job in jobs:
        futures.append(Future())
        waiting.put((futures[-1], job))
    for _ in range(min(number, len(futures))):
        threading.Thread(
            target=_serve, args=(waiting,), name="promptopt-bodies", daemon=True
        ).start()
    try:
        yield futures
    except BaseException as error:
        begun = [future for future in futures if not future.cancel()]
        if not isinstance(error, KeyboardInterrupt):
            wait(begun)
        raise


def _serve(waiting: Jobs) -> None:
    while True:
        try:
            future, job = waiting.get_nowait()
        except queue.Empty:
            return
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(job())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            future.set_exception(error)
