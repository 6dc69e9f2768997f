"""An asyncio event loop in a daemon thread of its own."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Protocol

from pytest_promptopt.models.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

GRACE_S = 1.0  # for tasks that are told to stop, and for models that are closed


SPARE_BEATS = 10
"""So many beats may be missed in addition, as on a machine that is busy."""

HELD_UP = (
    "make the model's complete() an ordinary function, or have it await what takes long"
)
DIED = (
    "run it again, replies that came are in the cache; report it as a defect of "
    "pytest-promptopt if it comes again"
)


class Duties(Protocol):
    """What is done on a loop beside the functions that are handed to it."""

    @property
    def longest_s(self) -> float:
        """How long one function may keep the loop to itself, in seconds."""

    def beat(self) -> None:
        """Look after what may have been missed; called on the loop at every beat."""

    def lose(self, why: str, hint: str) -> None:
        """Take note that the loop does nothing any more; called in any thread.

        Args:
            why: What became of it: the beginning of a sentence.
            hint: What to do about it, as one instruction.
        """

    async def finish(self) -> None:
        """End all work; awaited on the loop when it is told to stop."""


class LoopThread:
    """A running event loop that other threads hand functions to.

    pytest-asyncio and anyio own the main thread's loop, hence a thread; it is a daemon,
    so that nothing can keep the process from ending.

    The loop never sleeps longer than one beat, so that a wake-up that gets lost costs
    no more than that. When it dies, or is held up for too long, its duties hear of it:
    who waits for it must not wait for ever.

    Args:
        name: Of the thread.
        duties: What is done on it.
        beat_s: Seconds between two beats, above 0.
    """

    def __init__(self, name: str, duties: Duties, *, beat_s: float) -> None:
        self._duties = duties
        self._beat_s = beat_s
        self._beats = 0
        self._told_to_stop = False
        self._winding_up = False
        self._over = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()
        self._watch = threading.Thread(
            target=self._keep_watch, name=f"{name}-watch", daemon=True
        )
        self._watch.start()

    def call(self, function: Callable[[], None]) -> None:
        """Have a function called on the loop soon.

        Raises:
            RuntimeError: The loop is closed.
        """
        self._loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        """Tell the loop to finish; it may be told once only.

        Raises:
            RuntimeError: The loop is closed.
        """
        self._told_to_stop = True
        self._loop.call_soon_threadsafe(self._end)

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended, but no longer than some seconds."""
        if threading.current_thread() in {self._thread, self._watch}:
            return
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._watch.join()

    def _serve(self) -> None:
        try:
            self._loop.call_soon(self._beat)
            while not self._told_to_stop:  # a model may have stopped it
                self._loop.run_forever()
        except BaseException as error:  # noqa: BLE001 - told to those who wait
            said = one_line(f"{type(error).__name__}: {error}")
            self._duties.lose(f"the engine's event loop was ended by {said}", DIED)
        self._winding_up = True
        try:
            self._loop.run_until_complete(self._wind_up())
        finally:
            self._over.set()
            self._duties.lose("the engine's event loop ended", DIED)
            self._loop.close()

    def _end(self) -> None:
        if not self._winding_up:  # it may have died before it was told
            self._loop.stop()

    def _beat(self) -> None:
        self._beats += 1
        self._loop.call_later(self._beat_s, self._beat)
        self._duties.beat()

    def _keep_watch(self) -> None:
        # By beats and not by the clock, which goes on while a machine sleeps.
        seen, missed = -1, 0
        while not self._over.wait(self._beat_s):
            missed = missed + 1 if self._beats == seen else 0
            seen = self._beats
            if (missed - SPARE_BEATS) * self._beat_s > self._duties.longest_s:
                self._duties.lose(
                    f"the engine's event loop was held up at {self._place()}", HELD_UP
                )
                return

    def _place(self) -> str:
        """Return where the thread is: what keeps the loop from going on."""
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001
        if frame is None:
            return "an unknown place"
        return f"{frame.f_code.co_filename}:{frame.f_lineno}"

    async def _wind_up(self) -> None:
        await self._duties.finish()
        # What the models started: connection watchers, calls that ignored the end.
        await cancel(asyncio.all_tasks() - {asyncio.current_task()})
        await self._loop.shutdown_asyncgens()


async def cancel(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end, but no longer than the grace time."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=GRACE_S)
