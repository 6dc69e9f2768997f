"""An asyncio event loop in a daemon thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

GRACE_S = 1.0  # for tasks that are told to stop, and for models that are closed


class LoopThread:
    """A running event loop that other threads hand functions to.

    pytest-asyncio and anyio own the main thread's loop, hence a thread; it is a daemon,
    so that nothing can keep the process from ending.

    Args:
        name: Of the thread.
        finish: Awaited on the loop when it is closed, before its tasks are cancelled.
    """

    def __init__(self, name: str, finish: Callable[[], Awaitable[None]]) -> None:
        self._finish = finish
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Have a function called on the loop soon.

        Raises:
            RuntimeError: The loop is closed.
        """
        self._loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        """Tell the loop to finish; it may be told once only."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended, but no longer than some seconds."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)

    def _serve(self) -> None:
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._wind_up())
        finally:
            self._loop.close()

    async def _wind_up(self) -> None:
        await self._finish()
        # What the models started: connection watchers, calls that ignored the end.
        await cancel(asyncio.all_tasks() - {asyncio.current_task()})
        await self._loop.shutdown_asyncgens()


async def cancel(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end, but no longer than the grace time."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=GRACE_S)
