"""Values of any size on the scale that strategies know, from 0 to 1.

Only the order of values means something to every strategy, and that is kept; places
that differ by less than a billionth count as equal there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """Values between two that are known.

    Attributes:
        low: What counts as 0, and all below it.
        high: What counts as 1, and all above it; more than ``low``.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and self.low < self.high < math.inf):
            raise SettingError(
                f"bounds are {self.low!r} and {self.high!r}",
                "give two finite numbers, the lower one first, or None",
            )

    def __call__(self, value: float) -> float:
        """Return the place of a value, in [0, 1]."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbounded:
    """Values of which nothing is known but those of the seeds.

    Attributes:
        middle: What counts as 0.5: the value of the best seed.
        spread: How much more counts as 0.75, above 0.
    """

    middle: float
    spread: float

    @classmethod
    def around(cls, values: Sequence[float]) -> Unbounded:
        """Return the scale of a search that starts from these values, at least one."""
        best = max(values)
        # A value that falls towards 0 from either side has its own size to go.
        spread = max(best - min(values), abs(best)) or 1.0
        return cls(middle=best, spread=min(spread, 1e300))

    def __call__(self, value: float) -> float:
        """Return the place of a value, in (0, 1); a greater one's is not lower."""
        away = value / self.spread - self.middle / self.spread
        return min(1.0 - 2**-53, max(0.0, 0.5 + math.atan(away) / math.pi))
