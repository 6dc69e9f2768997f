"""Vectors of texts as the text of a completion, so that they are kept like replies."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from pytest_promptopt.models.wire import NotACompletionError

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGITS = 8
"""Behind the point: more say nothing, and each is kept for every dimension."""

_LARGEST = 1e100
"""No component is beyond it; with larger ones the length of a vector overflows."""

Vectors = tuple[tuple[float, ...], ...]


def vectors_text(vectors: Sequence[Sequence[float]]) -> str:
    """Return vectors as one text."""
    rounded = [[round(number, DIGITS) for number in vector] for vector in vectors]
    return json.dumps(rounded, separators=(",", ":"))


def vectors_in(text: str, count: int) -> Vectors:
    """Read vectors that are one text.

    Args:
        text: A JSON list with a list of numbers for each text.
        count: How many there must be.

    Raises:
        ValueError: They are not there; the message says why.
    """
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the reply is not JSON") from None
    return _checked(rows, count)


def embeddings_in(body: Any, count: int) -> Vectors:
    """Read the vectors of a response of an OpenAI-compatible endpoint.

    Args:
        body: The response's body, read as JSON.
        count: How many there must be.

    Raises:
        NotACompletionError: The body is something else.
    """
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise NotACompletionError("it has no data")
    rows = data
    if all(type(row.get("index")) is int for row in data):
        rows = sorted(data, key=lambda row: row["index"])
    try:
        return _checked([row.get("embedding") for row in rows], count)
    except ValueError as error:
        raise NotACompletionError(str(error)) from None


def _checked(rows: Any, count: int) -> Vectors:
    if not isinstance(rows, list) or len(rows) != count:
        got = len(rows) if isinstance(rows, list) else "none"
        raise ValueError(f"{count} vectors were asked for, {got} came")
    for row in rows:
        if not isinstance(row, list) or not row or not all(map(_is_component, row)):
            raise ValueError("a vector is not a list of numbers")
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the vectors have different lengths")
    return tuple(tuple(map(float, row)) for row in rows)


def _is_component(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and abs(value) < _LARGEST
