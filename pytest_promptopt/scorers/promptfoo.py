"""The reply meets what a promptfoo test asserts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

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
from pytest_promptopt.scorers.regex import repeats_a_repeat

if TYPE_CHECKING:
    from pytest_promptopt.records import Case, Completion, Score

Check = Callable[[str], bool]
"""Whether a reply meets one assertion."""

_ANY_VALUE = ("equals", "is-json")
_TEXTS = ("contains", "icontains", "regex", "starts-with")
_LISTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")


def promptfoo() -> Scorer:
    """Make a scorer for cases read from promptfoo's files.

    A reply is right if every assertion holds. ``equals`` compares character by
    character, or as JSON where a list or a mapping is expected; ``contains`` looks for
    the text anywhere, also within a word; ``is-json`` asks for JSON and nothing else.
    An expected answer of any other form is what the reply must be equal to.
    """

    def score(case: Case, completion: Completion) -> Score:
        checks = _checks(case)
        return graded(case, completion, lambda text: compare_checks(checks, text))

    return score


def compare_checks(checks: Mapping[str, Check], text: str) -> Score:
    """Hold a text against named checks.

    Args:
        checks: What each asserts, in words, to the check.
        text: The reply.
    """
    broken = [name for name, holds in checks.items() if not holds(text)]
    if not broken:
        return RIGHT
    more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
    return wrong(f"expected {broken[0]}{more}, got {shown(text)}")


def _checks(case: Case) -> dict[str, Check]:
    expected = expected_of(case, "promptfoo")
    entries = [{"type": "equals", "value": expected}]
    if isinstance(expected, Mapping) and set(expected) == {"assert"}:
        given = expected["assert"]
        entries = given if isinstance(given, list) else [given]
    checks: dict[str, Check] = {}
    for entry in entries:
        _check_entry(entry, case)
        kind, value = entry["type"], entry.get("value")
        negated = kind.startswith("not-")
        check = _check(kind.removeprefix("not-"), value, case)
        name = kind if value is None else f"{kind} {shown(value)}"
        checks[name] = _negation(check) if negated else check
    return checks


def _check_entry(entry: Any, case: Case) -> None:
    """Refuse an assertion that a case of Python or JSON states as none can be."""
    kind = entry.get("type") if isinstance(entry, Mapping) else None
    name = str(kind).removeprefix("not-")
    value = entry.get("value") if isinstance(entry, Mapping) else None
    several = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if name in _ANY_VALUE or (name in _TEXTS and isinstance(value, str)):
        return
    if name in _LISTS and (several or isinstance(value, str)):
        return
    raise case_fault(
        case,
        "promptfoo",
        f"cannot grade the assertion {shown(entry)}",
        'write {"type": "contains", "value": "TEXT"}, with one of the types '
        f"{', '.join(sorted({*_ANY_VALUE, *_TEXTS, *_LISTS}))}",
    )


def _negation(check: Check) -> Check:
    return lambda text: not check(text)


def _check(kind: str, value: Any, case: Case) -> Check:
    if kind == "equals":
        return _equality(value)
    if kind == "is-json":
        return _is_json
    if kind == "regex":
        return _pattern(value, case)
    if kind == "starts-with":
        return lambda text: text.startswith(value)
    ignored = kind.startswith("icontains")
    wanted = [value] if isinstance(value, str) else list(value)
    every = any if kind.endswith("-any") else all

    def contained(text: str) -> bool:
        if ignored:
            return every(part.lower() in text.lower() for part in wanted)
        return every(part in text for part in wanted)

    return contained


def _equality(value: Any) -> Check:
    if isinstance(value, str):
        return lambda text: text == value
    if not isinstance(value, (Mapping, list)):
        return lambda text: text == json.dumps(value)

    def equal(text: str) -> bool:
        try:
            return bool(read_json(text) == value)
        except ValueError:
            return False

    return equal


def _is_json(text: str) -> bool:
    try:
        read_json(text)
    except ValueError:
        return False
    return True


def _pattern(value: str, case: Case) -> Check:
    try:
        compiled = re.compile(value)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        reason = str(error)
    else:
        if not repeats_a_repeat(value):
            return lambda text: compiled.search(text) is not None
        reason = "a repeated group that repeats something itself can take for ever"
    raise case_fault(
        case,
        "promptfoo",
        f"cannot use the pattern {shown(value)}: {reason}",
        "write a regular expression of Python, without a repeat in a repeated group",
    )
