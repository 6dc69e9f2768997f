"""Whether the cases have what the template asks for, and nothing is misspelt."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pytest_promptopt.cases.fields import RESERVED, content_id
from pytest_promptopt.cases.rows import fault
from pytest_promptopt.errors import CaseFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import Case

MISSPELT_SIMILARITY = 0.8
"""``difflib`` ratio from which an unused field counts as a misspelt reserved one: takes
"expcted", "expect" and "tag", leaves "tabs" and "expert" alone."""


def check_variables(
    cases: Sequence[Case], variables: Iterable[str], *, prompt_label: str
) -> None:
    """Refuse cases that the template cannot be rendered with.

    A field that the template does not use is legal, since a test body may read it,
    unless it looks like a misspelt reserved field that the case lacks.

    Args:
        cases: The cases of one prompt test.
        variables: The template's variables.
        prompt_label: What messages call the prompt.

    Raises:
        CaseFileError: A case lacks a variable, a variable is a reserved field, or a
            field is a misspelt reserved one; at the case's ``file:line``.
    """
    names = frozenset(variables)
    for name in sorted(names & frozenset(RESERVED)):
        raise CaseFileError(
            f"{prompt_label}: uses {name!r} as a variable, but {name!r} is never "
            "visible to a template",
            "rename the variable and give the cases a field of the new name",
        )
    for name in sorted(names):
        _check_variable(name, cases, names, prompt_label)
    for case in cases:
        _check_spelling(case, names)


def _check_variable(
    name: str, cases: Sequence[Case], names: frozenset[str], prompt_label: str
) -> None:
    lacking = [case for case in cases if name not in case.inputs]
    if not lacking:
        return
    case = lacking[0]
    fields = sorted(case.inputs)
    unused = [field for field in fields if field not in names]
    close = difflib.get_close_matches(name, unused, n=1)
    if len(lacking) == len(cases):
        listed = ", ".join(repr(field) for field in fields) or "no fields"
        raise fault(
            case.place,
            f"no case has a field {name!r}, which {prompt_label} uses",
            f"did you mean {close[0]!r} in the template?"
            if close
            else f"add the field to every case; this one has {listed}",
        )
    raise fault(
        case.place,
        f"case {case.id!r} has no field {name!r}, which {prompt_label} uses "
        f"({len(lacking)} of {len(cases)} cases lack it)",
        f"did you mean {name!r} where the case has {close[0]!r}?"
        if close
        else f"add {name!r} to the case; null or an empty text will do",
    )


def _check_spelling(case: Case, names: frozenset[str]) -> None:
    for field in case.inputs:
        if field in names:
            continue
        meant = _reserved_like(field)
        if meant is not None and not _has(case, meant):
            raise fault(
                case.place,
                f"case {case.id!r} has a field {field!r}, which no template variable "
                "uses",
                f"did you mean {meant!r}? Otherwise give the field a name further "
                "from it",
            )


def _reserved_like(field: str) -> str | None:
    """Return the reserved field that a name misspells, if it does."""
    word = _letters(field)
    for name in RESERVED:
        bare = _letters(name)
        if word == bare:
            return name
        deliberate = field.lower().startswith(f"{name}_") or name == "id"
        if deliberate or word[:1] != bare[:1]:
            continue
        if difflib.SequenceMatcher(None, word, bare).ratio() >= MISSPELT_SIMILARITY:
            return name
    return None


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _has(case: Case, name: str) -> bool:
    """Tell whether a case was given a reserved field, as far as that shows."""
    if name == "id":
        made = content_id(case.inputs, case.expected, has_expected=case.has_expected)
        return case.id != made
    if name == "expected":
        return case.has_expected
    if name == "weight":
        return case.weight != 1.0
    return bool(getattr(case, name))
