"""The reply that a body returns for its scorer, where the application made it."""

from __future__ import annotations

import json
from typing import Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Completion
from pytest_promptopt.scorers.grading import shown


def reply_of(value: Any) -> Completion:
    """Return what a scorer grades: texts as they are, other values as JSON.

    An application that reads its model's JSON returns what it read, and ``json`` or
    ``json_schema`` compare it as they would the reply.

    Args:
        value: What the body returned; a completion is taken as it is.

    Raises:
        ScorerError: It is neither a text nor a value that JSON can hold.
    """
    if isinstance(value, Completion):
        return value
    if isinstance(value, str):
        return Completion(text=str.__str__(value))  # a member of an enum, too
    try:
        return Completion(text=json.dumps(value, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise ScorerError(
            f"the body returned {shown(value)} of type {type(value).__name__}, which "
            "the scorer cannot grade",
            "return the reply as a text (subprocess.run(..., text=True).stdout), or a "
            "value that JSON can hold",
        ) from None
