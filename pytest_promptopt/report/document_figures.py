"""Figures as the JSON document of a run has them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Mapping

DIGITS = 12
"""Decimals of a share: a mean of ones is 1, whatever its sum was rounded to."""


@overload
def share(value: float) -> float: ...


@overload
def share(value: float | None) -> float | None: ...


def share(value: float | None) -> float | None:
    """Return a share, or a difference of shares, in :data:`DIGITS` decimals."""
    return None if value is None else round(value, DIGITS)


def p_of(value: float | None) -> float | None:
    """Return a p-value, at most 1 whatever it was rounded to."""
    return None if value is None else min(1.0, max(0.0, value))


def figure(value: float) -> float | None:
    """Return a figure if JSON has it; ``None`` for NaN and the infinite ones."""
    return value if math.isfinite(value) else None


def figures(values: Mapping[str, float]) -> dict[str, float]:
    """Return the figures that JSON has."""
    return {name: value for name, value in values.items() if math.isfinite(value)}
