"""Where the sums of a budget are kept."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from pytest_promptopt.amounts import Amounts

ROUNDING = 1e-9
"""Dollars that sums of floating-point numbers may be off by."""


class Cost(NamedTuple):
    """What calls take.

    Attributes:
        calls: How many there are.
        tokens: Of prompts and replies.
        dollars: US dollars.
    """

    calls: int = 0
    tokens: int = 0
    dollars: float = 0.0

    def plus(self, other: Cost) -> Cost:
        """Return the sum, unit by unit."""
        return Cost(
            self.calls + other.calls,
            self.tokens + other.tokens,
            self.dollars + other.dollars,
        )

    def minus(self, other: Cost) -> Cost:
        """Return the difference, unit by unit."""
        return self.plus(Cost(-other.calls, -other.tokens, -other.dollars))


class Account(Protocol):
    """Where the sums are kept; every method may be called from any thread."""

    def charge(self, cost: Cost, limits: Amounts) -> str | None:
        """Add a cost if all limits allow it; else return the unit that is short."""
        ...

    def settle(self, charged: Cost, took: Cost) -> None:
        """Put what a call took in the place of what was charged for it."""
        ...

    def spent(self) -> Cost:
        """Return what is charged."""
        ...

    def on_its_way(self) -> Cost:
        """Return what of it is charged for calls that are not settled."""
        ...

    def began(self, now: float) -> float:
        """Return when the first call was about to be sent: ``now`` the first time."""
        ...


class OwnAccount:
    """The sums of one process."""

    def __init__(self) -> None:
        self._spent = Cost()
        self._on_its_way = Cost()
        self._began: float | None = None
        self._lock = threading.Lock()

    def charge(self, cost: Cost, limits: Amounts) -> str | None:
        """Add a cost if all limits allow it; else return the unit that is short."""
        with self._lock:
            total = self._spent.plus(cost)
            for unit, value in total._asdict().items():
                limit = getattr(limits, unit)
                if limit is not None and value > limit + ROUNDING:
                    return unit
            self._spent = total
            self._on_its_way = self._on_its_way.plus(cost)
        return None

    def settle(self, charged: Cost, took: Cost) -> None:
        """Put what a call took in the place of what was charged for it."""
        with self._lock:
            self._spent = self._spent.plus(took.minus(charged))
            self._on_its_way = self._on_its_way.minus(charged)

    def spent(self) -> Cost:
        """Return what is charged."""
        return self._spent

    def on_its_way(self) -> Cost:
        """Return what of it is charged for calls that are not settled."""
        return self._on_its_way

    def began(self, now: float) -> float:
        """Return when the first call was about to be sent: ``now`` the first time."""
        with self._lock:
            if self._began is None:
                self._began = now
            return self._began
