from __future__ import annotations

import enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.cases.fields import RESERVED, case_from
from pytest_promptopt.cases.rows import Row
from pytest_promptopt.errors import CaseFileError
from pytest_promptopt.records import Case, canonical_json

LAW = settings(max_examples=80, deadline=None, database=None)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


class Colour(str, enum.Enum):
    RED = "red"


def case(**fields: Any) -> Case:
    return case_from(Row(place="c.jsonl:7", value=fields))


def refusal(**fields: Any) -> CaseFileError:
    with pytest.raises(CaseFileError) as caught:
        case(**fields)
    return caught.value


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("id", 1.5, "id is 1.5, not a printable text or a whole number"),
        ("id", True, "id is True, not a printable text or a whole number"),
        ("id", "", "id is '', not a printable text or a whole number"),
        ("id", " a", "id is ' a', not a printable text or a whole number"),
        ("id", "a\x1b[2J", "id is 'a\\x1b[2J', not a printable text or a whole number"),
        ("id", None, "id is None, not a printable text or a whole number"),
        ("group", 0.5, "group is 0.5, not a printable text or a whole number"),
        ("must_pass", "true", "must_pass is 'true', not true or false"),
        ("must_pass", 1, "must_pass is 1, not true or false"),
        ("tags", {"a": 1}, "tags is {'a': 1}, not a list of texts"),
        ("tags", ["a", 1], "tags has 1, which is no printable text"),
        ("tags", ["a", ""], "tags has '', which is no printable text"),
        ("weight", "2", "weight is '2', not a number above 0"),
        ("weight", 0, "weight is 0, not a number above 0"),
        ("weight", -1.5, "weight is -1.5, not a number above 0"),
        ("weight", True, "weight is True, not a number above 0"),
        ("split", "test", "split is 'test', neither 'train' nor 'holdout'"),
        ("split", ["train"], "split is ['train'], neither 'train' nor 'holdout'"),
        ("", 1, "field name '' is empty or not printable"),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused_with_its_value(
    field: str, value: Any, problem: str
) -> None:
    error = refusal(**{"ticket": "x", field: value})

    assert error.problem == f"c.jsonl:7: {problem}"
    assert error.hint


def test_a_weight_too_large_for_a_float_is_refused() -> None:
    assert "not a number above 0" in refusal(weight=10**400).problem


@pytest.mark.parametrize(
    ("written", "meant"), [("hold-out", "holdout"), ("Train", "train")]
)
def test_a_split_written_otherwise_gets_a_suggestion(written: str, meant: str) -> None:
    assert refusal(split=written).hint == f"did you mean {meant!r}?"


def test_half_a_surrogate_pair_is_refused_wherever_it_stands() -> None:
    for fields in ({"id": "\ud800"}, {"t": ["\udc00"]}, {"t": {"\ud800": 1}}):
        error = refusal(**fields)
        assert str(error).encode("utf-8")  # the message itself must be printable

    assert refusal(t="a\ud800").problem == (
        "c.jsonl:7: field 't' holds '\\ud800', half of a surrogate pair, in 'a\\ud800'"
    )


def test_endless_nesting_is_refused() -> None:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]

    assert "is nested deeper than 100 levels" in refusal(t=value).problem


def test_one_text_is_one_tag_and_repeated_tags_are_one() -> None:
    assert case(tags="a, b").tags == ("a, b",)
    assert case(tags=["b", "a", "b"]).tags == ("b", "a")


def test_subclasses_of_plain_types_become_plain() -> None:
    plain = case(colour=Colour.RED).inputs["colour"]

    assert type(plain) is str
    assert plain == "red"


@LAW
@given(st.dictionaries(st.sampled_from(["a", "b", "ticket"]), json_values), json_values)
def test_any_json_value_is_kept_and_survives_a_round_trip(
    inputs: dict[str, Any], expected: Any
) -> None:
    made = case(**inputs, expected=expected)

    assert canonical_json([dict(made.inputs), made.expected]) == canonical_json(
        [inputs, expected]
    )
    assert Case.from_json(made.to_json()) == made
    assert made.id == case(expected=expected, **dict(reversed(inputs.items()))).id


@LAW
@given(st.sampled_from(RESERVED), json_values)
def test_any_value_of_a_reserved_field_is_taken_or_refused_at_its_place(
    field: str, value: Any
) -> None:
    try:
        made = case(**{"ticket": "x", field: value})
    except CaseFileError as error:
        assert error.problem.startswith("c.jsonl:7: ")  # noqa: PT017
    else:
        assert made.inputs == {"ticket": "x"}
