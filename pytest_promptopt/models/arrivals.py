"""The way of calls from any thread to the loop, and what is told if it is cut."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from pytest_promptopt.models.loop import LoopThread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.models.call import Flight
    from pytest_promptopt.models.dispatch import Dispatcher


class Arrivals:
    """Hands flights to a dispatcher on a loop of its own.

    Whatever happens to the loop, a flight that was handed over is brought to its end.

    Args:
        dispatcher: Takes them, on the loop.
        beat_s: How often it is looked whether somebody waits for nothing, in seconds.
    """

    def __init__(self, dispatcher: Dispatcher, beat_s: float) -> None:
        self._dispatcher = dispatcher
        self._lock = threading.Lock()
        self._arrived: list[Flight] = []
        self._lost: tuple[str, str] | None = None
        self._thread = LoopThread("promptopt-engine", self, beat_s=beat_s)

    def hand_over(self, flights: Sequence[Flight]) -> None:
        """Have flights brought to their models; called in any thread."""
        with self._lock:
            lost = self._lost
            if lost is None:
                if not self._arrived:  # else the loop has been woken already
                    self._thread.call(self._receive)
                self._arrived.extend(flights)
                return
        for flight in flights:
            flight.lose(*lost)

    def stop(self) -> None:
        """Tell the loop to finish; it may be told once only."""
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._thread.stop()

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended, but no longer than some seconds."""
        self._thread.join(timeout_s)

    @property
    def longest_s(self) -> float:
        """How long one function may keep the loop to itself, in seconds."""
        return self._dispatcher.longest_s

    def beat(self) -> None:
        """Look after what may have been missed."""
        self._receive()
        self._dispatcher.beat()

    def lose(self, why: str, hint: str) -> None:
        """Tell all who wait, and whoever asks later, that nothing comes any more."""
        with self._lock:
            if self._lost is None:
                self._lost = why, hint
        for flight in self._taken_over():
            flight.lose(why, hint)
        self._dispatcher.lose(why, hint)

    async def finish(self) -> None:
        """End all calls."""
        arrived = self._taken_over()
        await self._dispatcher.close()
        for flight in arrived:
            flight.strand()

    def _taken_over(self) -> list[Flight]:
        with self._lock:
            arrived, self._arrived = self._arrived, []
        return arrived

    def _receive(self) -> None:
        if arrived := self._taken_over():
            self._dispatcher.admit(arrived)
