"""From a row to a case: what the reserved fields mean, and what they may hold."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.cases.rows import fault, shown
from pytest_promptopt.cases.unfilled import check_filled
from pytest_promptopt.cases.values import plain_value
from pytest_promptopt.records import Case, digest

if TYPE_CHECKING:
    from pytest_promptopt.cases.rows import Row

RESERVED = ("expected", "group", "id", "must_pass", "split", "tags", "weight")
"""Fields with a meaning of their own; every other one is a template variable."""

ID_DIGITS = 10
"""Hexadecimal digits of a content id: 1e-6 collisions in a thousand cases."""


def case_from(row: Row) -> Case:
    """Check one row and return the case.

    Raises:
        CaseFileError: It is no object, or a field holds what it must not.
    """
    if not isinstance(row.value, Mapping):
        raise fault(
            row.place,
            f"a case is an object of fields, not {shown(row.value)}",
            'write it as {"ticket": "...", "expected": "..."}',
        )
    for name in row.value:
        _check_name(name, row.place)
    fields = {
        str(name): plain_value(value, row.place, f"field {str(name)!r}")
        for name, value in row.value.items()
    }
    check_filled(fields, row.place)
    inputs = {name: value for name, value in fields.items() if name not in RESERVED}
    expected = fields.get("expected")
    has_expected = "expected" in fields
    given = {name: fields[name] for name in RESERVED if name in fields}
    return Case(
        id=_id(given["id"], row.place)
        if "id" in given
        else content_id(inputs, expected, has_expected=has_expected),
        inputs=inputs,
        expected=expected,
        has_expected=has_expected,
        must_pass=_must_pass(given.get("must_pass", False), row.place),
        tags=_tags(given.get("tags", []), row.place),
        weight=_weight(given.get("weight", 1.0), row.place),
        group=_group(given["group"], row.place) if "group" in given else None,
        split=_split(given["split"], row.place) if "split" in given else None,
        place=row.place,
    )


def content_id(inputs: Mapping[str, Any], expected: Any, *, has_expected: bool) -> str:
    """Return the id of a case that has none of its own: a hash of what it says."""
    return digest([dict(inputs), [expected] if has_expected else []])[:ID_DIGITS]


def _check_name(name: Any, place: str) -> None:
    if not isinstance(name, str):
        raise fault(
            place, f"field name {shown(name)} is no text", "use text as field names"
        )
    if not name or not name.isprintable():
        raise fault(
            place,
            f"field name {shown(name)} is empty or not printable",
            "name the field as the template calls it",
        )


def _name_like(value: Any) -> str | None:
    """Return what may serve as an id, a group or a tag, as text; else ``None``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value or not value.isprintable():
        return None
    return value if value == value.strip() else None


def _id(value: Any, place: str) -> str:
    name = _name_like(value)
    if name is None:
        raise fault(
            place,
            f"id is {shown(value)}, not a printable text or a whole number",
            "give a short name without outer spaces, or delete the field to get an id "
            "made from the content",
        )
    return name


def _group(value: Any, place: str) -> str:
    name = _name_like(value)
    if name is None:
        raise fault(
            place,
            f"group is {shown(value)}, not a printable text or a whole number",
            "name what the cases have in common, or delete the field",
        )
    return name


def _must_pass(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise fault(
            place,
            f"must_pass is {shown(value)}, not true or false",
            "write true or false without quotes",
        )
    return value


def _tags(value: Any, place: str) -> tuple[str, ...]:
    tags = [value] if isinstance(value, str) else value
    if not isinstance(tags, list):
        raise fault(
            place,
            f"tags is {shown(value)}, not a list of texts",
            'write ["urgent", "german"], or one text for one tag',
        )
    for tag in tags:
        if not isinstance(tag, str) or _name_like(tag) is None:
            raise fault(
                place,
                f"tags has {shown(tag)}, which is no printable text",
                'write ["urgent", "german"], or one text for one tag',
            )
    return tuple(dict.fromkeys(tags))


def _weight(value: Any, place: str) -> float:
    number = not isinstance(value, bool) and isinstance(value, (int, float))
    try:
        weight = float(value) if number else 0.0
    except OverflowError:
        weight = math.inf
    if not (weight > 0 and math.isfinite(weight)):
        raise fault(
            place,
            f"weight is {shown(value)}, not a number above 0",
            "write a number such as 2 or 0.5, or delete the case to leave it out",
        )
    return weight


def _split(value: Any, place: str) -> Literal["train", "holdout"]:
    if value == "train":
        return "train"
    if value == "holdout":
        return "holdout"
    word = "".join(letter for letter in str(value).lower() if letter.isalpha())
    close = difflib.get_close_matches(word, ["train", "holdout"], n=1)
    raise fault(
        place,
        f"split is {shown(value)}, neither 'train' nor 'holdout'",
        f"did you mean {close[0]!r}?"
        if close
        else "write 'train' or 'holdout', or delete the field to have it decided",
    )
