"""Threads for models whose ``complete`` is an ordinary function."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class DaemonThreads:
    """Threads that run blocking functions for an event loop.

    Unlike those of ``concurrent.futures`` they never hold up the end of the process:
    a model that hangs must not make pytest hang after Ctrl-C. A thread is started when
    no other one is idle, so that there are as many as were ever needed at once.

    All methods are called on the loop.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = 0
        self._busy = 0

    async def run(self, function: Callable[[Any], Any], argument: Any) -> Any:
        """Call a function in a thread and return what it returns, or raise the same."""
        job = _Job(function, argument, asyncio.get_running_loop(), self._over)
        if self._busy == self._threads:
            threading.Thread(
                target=_serve,
                args=(self._jobs,),
                name=f"promptopt-model-{self._threads + 1}",
                daemon=True,
            ).start()  # where no thread can be had, that is the call's fault alone
            self._threads += 1
        self._busy += 1
        self._jobs.put(job)
        await job.over
        if job.error is not None:
            raise job.error
        return job.result

    def close(self) -> None:
        """Let the idle threads end, and the busy ones when they are done."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _over(self) -> None:
        self._busy -= 1


class _Job:
    """One call of a function, and what came of it."""

    def __init__(
        self,
        function: Callable[[Any], Any],
        argument: Any,
        loop: asyncio.AbstractEventLoop,
        counted: Callable[[], None],
    ) -> None:
        self._function = function
        self._argument = argument
        self._loop = loop
        self._counted = counted
        self.over: asyncio.Future[None] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._function(self._argument)
        except BaseException as error:  # noqa: BLE001 - raised again on the loop
            self.error = error
        # On a closed loop nobody waits any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._counted()
        if not self.over.done():
            self.over.set_result(None)


def _serve(jobs: queue.SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        job.run()
