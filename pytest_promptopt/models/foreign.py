"""What a model of the project's own raised, as one of our errors."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.retry import is_passing
from pytest_promptopt.models.text import one_line, without_keys

_PASSING = (TimeoutError, asyncio.TimeoutError, ConnectionError)
"""Exceptions of Python's own after which the same request may succeed."""


def as_model_error(name: str, error: Exception) -> ModelError:
    """Return the error for an exception that is none of ours.

    Args:
        name: The model's name.
        error: Its attribute ``retryable`` says whether the same request may succeed
            later; without one, a timeout and a broken connection may, and a passing
            HTTP status in its attribute ``status_code``, which the exceptions of many
            clients have. ``retry_after_s`` says after how many seconds.
    """
    said = one_line(without_keys(f"{type(error).__name__}: {error}"))
    wanted = getattr(error, "retryable", None)
    status = getattr(error, "status_code", None)
    status = status if type(status) is int else None
    may_pass = isinstance(error, _PASSING) or is_passing(status or 0)
    passing = wanted if isinstance(wanted, bool) else may_pass
    told = ModelError(
        f"model {name!r} raised {said}",
        "run it again later: replies that came are in the cache"
        if passing
        else "correct the model's complete()"
        if wanted is None
        else "see what the model's client says about it",
        retryable=passing,
    )
    told.retry_after_s = _seconds(getattr(error, "retry_after_s", None))
    told.status = status
    return told


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < math.inf else None
