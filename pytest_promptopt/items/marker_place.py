"""Where a prompt marker stands, for errors that would name no file otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_promptopt.errors import PromptOptError

_PLACED = re.compile(r"(?:[A-Za-z]:)?[^:]*\.\w+(?::\d+)*: ")
_SETTING = re.compile(r"(?:[a-z]+ )*(?:promptopt_\w+|--promptopt-|\[tool\.)")


def marker_place(item: pytest.Item) -> str:
    """Return where the decorators of a test begin, e.g. ``"tests/test_x.py:6"``."""
    file, line, _ = item.location
    return file if line is None else f"{file}:{line + 1}"


def at_marker(error: PromptOptError, item: pytest.Item) -> PromptOptError:
    """Say where the marker is in an error that names no place of its own.

    Args:
        error: What is wrong with a marker, or with what it names; changed in place.
        item: The marked test.

    Returns:
        The same error.
    """
    if not (_PLACED.match(error.problem) or _SETTING.match(error.problem)):
        error.problem = f"{marker_place(item)}: {error.problem}"
        error.args = (error.problem, error.hint)
    return error
