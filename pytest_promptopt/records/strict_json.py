"""JSON as it is written down: no key twice, no NaN, no surprises in the nesting."""

from __future__ import annotations

import json
from typing import Any


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for key, value in pairs:
        if key in built:
            raise ValueError(f"key {key!r} appears twice in one object")
        built[key] = value
    return built


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def read_json(text: str) -> Any:
    """Read one JSON value that fills the text.

    Raises:
        ValueError: It is no JSON (then a ``json.JSONDecodeError``, with the position),
            an object has a key twice, a number is NaN or infinite by name or has too
            many digits, or the nesting is too deep to be read.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_json_at(text: str, start: int) -> tuple[Any, int]:
    """Read the JSON value that begins at an offset; return it and its end.

    Raises:
        ValueError: As in :func:`read_json`.
    """
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError("nested too deeply") from None
