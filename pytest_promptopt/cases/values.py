"""Plain JSON values: what a case may hold, whatever it was read from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pytest_promptopt.cases.rows import fault, shown

DEEPEST = 100
"""Levels of nesting; more is a mistake and would exhaust the stack later."""


def plain_value(value: Any, place: str, name: str, depth: int = 0) -> Any:
    """Return a value as built-in JSON types: a copy that survives a round trip.

    Args:
        value: Anything; tuples become lists, subclasses their base.
        place: Where the case stands, for the message.
        name: The field, for the message; grows with the nesting.
        depth: Levels above the value.

    Raises:
        CaseFileError: It has no JSON form (a date, a set, NaN), holds half a surrogate
            pair, or is nested too deeply.
    """
    if depth > DEEPEST:
        raise fault(
            place, f"{name} is nested deeper than {DEEPEST} levels", "flatten the value"
        )
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return plain_text(value, place, name)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _finite(value, place, name)
    if isinstance(value, Mapping):
        return {
            _key(key, place, name): plain_value(
                entry, place, f"{name}.{key}", depth + 1
            )
            for key, entry in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [
            plain_value(entry, place, f"{name}[{index}]", depth + 1)
            for index, entry in enumerate(value)
        ]
    raise fault(
        place,
        f"{name} is {shown(value)}, a {type(value).__name__}, which JSON cannot hold",
        "write it as text, a number, a list or an object",
    )


def plain_text(text: str, place: str, name: str) -> str:
    """Return the text as a plain ``str``, refusing what UTF-8 cannot encode."""
    if type(text) is str and text.isascii():
        return text
    try:
        # Half a surrogate pair can neither be sent to a model nor cross to xdist.
        return text.encode("utf-8").decode("utf-8")
    except UnicodeEncodeError as error:
        half = text[error.start]
        raise fault(
            place,
            f"{name} holds {half!r}, half of a surrogate pair, in {shown(text)}",
            "write the character itself, or both halves of its escape",
        ) from None


def _finite(value: float, place: str, name: str) -> float:
    if math.isfinite(value):
        return float(value)
    raise fault(
        place,
        f"{name} is {value!r}, which is no JSON number",
        "write a finite number, or null",
    )


def _key(key: Any, place: str, name: str) -> str:
    if isinstance(key, str):
        return plain_text(key, place, f"a key of {name}")
    raise fault(
        place, f"{name} has the key {shown(key)}, which is no text", "use text as keys"
    )
