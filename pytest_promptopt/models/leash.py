"""What can end a request from outside: its deadline, or an outage."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_promptopt.errors import ModelError


class Leash:
    """Ends what one task waits for, with an error. It is used on the loop only."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._error: ModelError | None = None

    def strike(self, error: ModelError) -> None:
        """Have what is waited for fail with an error."""
        if self._task is not None and self._error is None:
            self._error = error
            self._task.cancel()

    @contextmanager
    def within(self, time_s: float, late: Callable[[], ModelError]) -> Iterator[None]:
        """Let the task wait for a model inside, but no longer than some seconds.

        Args:
            time_s: How long.
            late: Makes the error of a task that waits longer.

        Raises:
            ModelError: It was struck, or the time is over.
        """
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(max(0.0, time_s), lambda: self.strike(late()))
        try:
            yield
        except asyncio.CancelledError:
            if self._error is None:
                raise
            uncancel = getattr(self._task, "uncancel", None)
            if uncancel is not None:  # from Python 3.11 on
                uncancel()
            raise self._error from None
        finally:
            timer.cancel()
            self._task = None
