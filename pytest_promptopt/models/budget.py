"""How many model calls may be made, and how many were."""

from __future__ import annotations

import threading

from pytest_promptopt.errors import BudgetExhausted, SettingError


class Budget:
    """A number of model calls that is never exceeded, whoever takes from it.

    Every attempt counts, a repeated one too; a reply from the cache does not.

    Args:
        calls: How many calls may be made, from 0; ``None`` sets no limit.

    Raises:
        SettingError: The number is below 0.
    """

    def __init__(self, calls: int | None) -> None:
        if calls is not None and calls < 0:
            raise SettingError(
                f"a budget of {calls!r} calls cannot be kept",
                "give --promptopt-budget a whole number from 0 up",
            )
        self._calls = calls
        self._spent = 0
        self._lock = threading.Lock()

    @property
    def calls(self) -> int | None:
        """How many calls may be made in all; ``None`` if there is no limit."""
        return self._calls

    @property
    def spent(self) -> int:
        """How many calls were made."""
        return self._spent

    @property
    def left(self) -> int | None:
        """How many calls may still be made; ``None`` if there is no limit."""
        return None if self._calls is None else self._calls - self._spent

    def take(self) -> None:
        """Count one call, before it is sent.

        Raises:
            BudgetExhausted: All calls are spent; nothing was counted.
        """
        with self._lock:
            if self._spent == self._calls:
                raise BudgetExhausted(
                    f"the budget of {self._calls} model "
                    f"{'call' if self._calls == 1 else 'calls'} is spent",
                    "raise it with --promptopt-budget=N",
                )
            self._spent += 1
