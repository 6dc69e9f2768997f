"""What all scorers share: from a pure comparison, or any value, to a score."""

from __future__ import annotations

import json
import numbers
from collections.abc import Callable
from typing import Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score

Scorer = Callable[[Case, Completion], Score]
"""Grades one reply to one case; raises ``ScorerError`` if it cannot be used on it."""

SHOWN_CHARACTERS = 80
"""Longest reply in a reason; reasons go into reports and to optimizer models."""

RIGHT = Score(value=1.0)


def unusable(completion: Completion) -> str | None:
    """Return why a reply is wrong whatever it says, or ``None``.

    A reply that was cut off, filtered, refused or left empty is the model's doing,
    hence wrong and not missing.
    """
    if completion.refusal is not None:
        return f"the model refused: {shown(completion.refusal)}"
    if completion.finish_reason == "length":
        return "the reply was cut off at the token limit"
    if completion.finish_reason == "content_filter":
        return "the reply was stopped by the provider's content filter"
    if not completion.text.strip():
        return "the reply is empty"
    return None


def graded(
    case: Case, completion: Completion, compare: Callable[[str], Score]
) -> Score:
    """Score a reply: wrong if it is unusable, else what comparing its text says.

    Args:
        case: The case, for its expected answer in the reason.
        completion: The reply.
        compare: From the reply's text to a score; never raises.
    """
    reason = unusable(completion)
    if reason is None:
        return compare(completion.text)
    if case.has_expected:
        return unparsed(f"expected {shown(case.expected)}, but {reason}")
    return unparsed(reason)


def wrong(reason: str) -> Score:
    """Return the score of a wrong reply."""
    return Score(value=0.0, reason=reason)


def unparsed(reason: str) -> Score:
    """Return the score of a reply from which no answer can be read."""
    return Score(value=0.0, reason=reason, parsed=False)


def shown(value: Any) -> str:
    """Return a value's ``repr``, cut to what a reason can carry."""
    try:
        text = repr(value)
    except RecursionError:  # a reply may be JSON that is nested almost without end
        return f"<a deeply nested {type(value).__name__}>"
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[: SHOWN_CHARACTERS - 3]}..."


def case_fault(case: Case, scorer: str, problem: str, hint: str) -> ScorerError:
    """Return the error of a scorer that cannot be used on a case, at its place."""
    place = f"{case.place}: " if case.place else ""
    return ScorerError(f"{place}case {case.id!r}: scorer {scorer!r} {problem}", hint)


def expected_of(case: Case, scorer: str) -> Any:
    """Return the case's expected answer.

    Raises:
        ScorerError: It has none.
    """
    if case.has_expected:
        return case.expected
    raise case_fault(
        case,
        scorer,
        "needs the field 'expected', which the case does not have",
        'add "expected" to the case, or score with a test body',
    )


def expected_text(case: Case, scorer: str) -> str:
    """Return the expected answer as text; numbers and booleans as JSON writes them.

    Raises:
        ScorerError: It has none, an empty one, or one that is no text.
    """
    return text_of(expected_of(case, scorer), case, scorer)


def text_of(value: Any, case: Case, scorer: str) -> str:
    """Return a part of the expected answer as text, as in :func:`expected_text`."""
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, str) and value.strip():
        return value
    raise case_fault(
        case,
        scorer,
        f"cannot compare with {shown(value)}, which is "
        f"{'an empty text' if isinstance(value, str) else 'no text'}",
        "write a text or a number as the expected answer, or use scorer='json' for "
        "other values",
    )


def as_score(value: Any) -> Score:
    """Return what a scorer or a test body gave as a score.

    Args:
        value: A bool, a number in [0, 1] or a :class:`Score`; numpy's scalars too.

    Raises:
        ScorerError: It is none of these.
    """
    if isinstance(value, Score):
        parts = {name: float(part) for name, part in value.parts.items()}
        # Plain floats only: a numpy number would not survive the way from a worker.
        share = None if value.value is None else float(value.value)
        return Score(
            value=share, reason=value.reason, parts=parts, parsed=bool(value.parsed)
        )
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()
    number: Any = value if isinstance(value, numbers.Real) else None
    if number is not None and 0.0 <= number <= 1.0:  # also refuses NaN
        return Score(value=float(number))
    raise ScorerError(
        f"{shown(value)} is no score",
        "return True or False, a number from 0 to 1, or Score(value, reason)",
    )
