"""The reply is the expected JSON value, as a whole or field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Score
from pytest_promptopt.records.strict_json import read_json
from pytest_promptopt.scorers.grading import (
    RIGHT,
    Scorer,
    case_fault,
    expected_of,
    graded,
    shown,
    wrong,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Completion

SHOWN_FIELDS = 3

FENCE = "```"


def json_fields(
    fields: Sequence[str] | None = None,
    *,
    partial: bool = False,
    fenced: bool = False,
) -> Scorer:
    """Make a scorer for replies that are JSON; ``scorer="json"`` is its plain form.

    Numbers compare by value (1 is 1.0, true is not 1), texts without outer white space,
    lists in order, objects key by key; null is not the same as a missing key. The
    reply must be JSON and nothing else, with no key twice.

    Args:
        fields: Names of the top-level fields to compare; by default the whole value.
        partial: Whether each field counts: the value is then the share of right
            fields, ``parts`` holds 1.0 or 0.0 for each, and keys that the expected
            object does not have are ignored. Otherwise it is all or nothing.
        fenced: Whether the reply may stand in one Markdown code fence.

    Raises:
        ScorerError: ``fields`` is empty or holds something else than names.
    """
    if fields is not None and (
        isinstance(fields, str)
        or not fields
        or not all(isinstance(name, str) for name in fields)
    ):
        raise ScorerError(
            f"json_fields: fields are {shown(fields)}, not a list of names",
            'name the fields to compare: json_fields(["order", "total"])',
        )

    def score(case: Case, completion: Completion) -> Score:
        expected = _expected_value(case, fields, partial=partial)
        return graded(
            case,
            completion,
            lambda text: compare_json(
                expected, text, fields=fields, partial=partial, fenced=fenced
            ),
        )

    return score


def compare_json(
    expected: Any,
    text: str,
    *,
    fields: Sequence[str] | None = None,
    partial: bool = False,
    fenced: bool = False,
) -> Score:
    """Compare a reply, read as JSON, with the expected value.

    Args:
        expected: Any JSON value; an object if ``fields`` or ``partial`` is given.
        text: The reply.
        fields: Top-level fields to compare, each in ``expected``.
        partial: Whether each field counts.
        fenced: Whether the reply may stand in a code fence.
    """
    names = fields if fields is not None else (list(expected) if partial else None)
    body = _inside_fence(text)
    try:
        got = read_json((text if body is None or not fenced else body).strip())
    except ValueError as error:
        fence_is_why = body is not None and not fenced
        scored = names if partial and names is not None else ()
        return _not_json(error, text, scored, fenced=fence_is_why)
    if names is None:
        if same_json(expected, got):
            return RIGHT
        return wrong(_difference(expected, got))
    if not isinstance(got, Mapping):
        parts = dict.fromkeys(names, 0.0) if partial else {}
        reason = f"expected an object, got {shown(got)}"
        return Score(value=0.0, reason=reason, parts=parts)
    return _by_fields(expected, got, names, partial=partial)


def same_json(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same, as :func:`json_fields` sees it."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            same_json(one[key], other[key]) for key in one
        )
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same_json, one, other))
    return one is None and other is None


def _by_fields(
    expected: Mapping[str, Any],
    got: Mapping[str, Any],
    names: Sequence[str],
    *,
    partial: bool,
) -> Score:
    right = {
        name: name in got and same_json(expected[name], got[name]) for name in names
    }
    reason = _differences(expected, got, [name for name in names if not right[name]])
    if not partial:
        return wrong(reason) if reason else RIGHT
    parts = {name: float(ok) for name, ok in right.items()}
    return Score(value=sum(parts.values()) / len(parts), reason=reason, parts=parts)


def _difference(expected: Any, got: Any) -> str:
    if not (isinstance(expected, Mapping) and isinstance(got, Mapping)):
        return f"expected {shown(expected)}, got {shown(got)}"
    extra = [key for key in got if key not in expected]
    off = [
        key
        for key in expected
        if key not in got or not same_json(expected[key], got[key])
    ]
    reasons = [_differences(expected, got, off)] if off else []
    if extra:
        named = ", ".join(shown(key) for key in extra[:SHOWN_FIELDS])
        reasons.append(f"not asked for: {named}")
    return "; ".join(reasons)


def _differences(
    expected: Mapping[str, Any], got: Mapping[str, Any], names: Sequence[str]
) -> str:
    told = [
        f"{name}: expected {shown(expected[name])}, "
        + (f"got {shown(got[name])}" if name in got else "which is missing")
        for name in names[:SHOWN_FIELDS]
    ]
    if len(names) > SHOWN_FIELDS:
        told.append(f"{len(names) - SHOWN_FIELDS} more fields are wrong")
    return "; ".join(told)


def _inside_fence(text: str) -> str | None:
    """Return what stands in the one code fence that a reply consists of, if it does."""
    bare = text.strip()
    if not (bare.startswith(FENCE) and bare.endswith(FENCE)):
        return None
    _, newline, body = bare[len(FENCE) : -len(FENCE)].partition("\n")
    return body if newline and FENCE not in body else None


def _not_json(
    error: ValueError, text: str, names: Sequence[str], *, fenced: bool
) -> Score:
    if fenced:
        why = "it stands in a code fence"
    elif isinstance(error, json.JSONDecodeError):
        why = f"{error.msg}, line {error.lineno} column {error.colno}"
    else:
        why = str(error)
    return Score(
        value=0.0,
        reason=f"the reply is not JSON ({why}): {shown(text)}",
        parts=dict.fromkeys(names, 0.0),
        parsed=False,
    )


def _expected_value(case: Case, fields: Sequence[str] | None, *, partial: bool) -> Any:
    expected = expected_of(case, "json")
    if isinstance(expected, str) and _holds_structure(expected):
        raise case_fault(
            case,
            "json",
            f"got JSON inside a text as the expected answer: {shown(expected)}",
            "write the object or list itself, without quotes around it",
        )
    if fields is None and not partial:
        return expected
    if not isinstance(expected, Mapping) or not expected:
        raise case_fault(
            case,
            "json",
            f"compares fields, but the expected answer is {shown(expected)}",
            "write an object with at least one field as the expected answer",
        )
    lacking = [name for name in fields or () if name not in expected]
    if lacking:
        raise case_fault(
            case,
            "json",
            f"compares the field {lacking[0]!r}, which the expected answer lacks",
            "add the field to the expected answer, or leave it out of fields",
        )
    return expected


def _holds_structure(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        read_json(text)
    except ValueError:
        return False
    return True
