"""A case as a file or a list gives it, and how to point at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_promptopt.errors import CaseFileError

SHOWN_CHARACTERS = 80
"""Longest value in a message; a case may hold a whole mail."""

MOST_CASES = 100_000
"""Cases of one prompt test; more is a generator without end, or a bomb."""

_FILE_AND_LINE = re.compile(r"(?P<path>.+?):(?P<line>\d+)(?::\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One case before its fields are checked.

    Attributes:
        place: ``file:line`` or ``label[index]``.
        value: What stands there; an object, if the author made no mistake.
    """

    place: str
    value: Any


def fault(place: str, problem: str, hint: str) -> CaseFileError:
    """Return the error for what stands at a place.

    Args:
        place: ``file``, ``file:line``, ``file:line:column`` or ``label[index]``;
            ``path`` and ``line`` of the error are read from it.
        problem: What is wrong there, without the place.
        hint: What to do about it, as one instruction.
    """
    error = CaseFileError(f"{place}: {problem}", hint)
    found = _FILE_AND_LINE.fullmatch(place)
    if found is not None:
        error.path, error.line = Path(found["path"]), int(found["line"])
    return error


def shown(value: Any) -> str:
    """Return a value's ``repr``, cut to what a message can carry."""
    text = repr(value)
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[: SHOWN_CHARACTERS - 3]}..."
