from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import json_fields
from pytest_promptopt.scorers.json_fields import same_json

LAW = settings(max_examples=80, deadline=None, database=None)
ORDER = {"order": "A-1", "total": 12.5, "items": ["tea", "cup"]}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, "a", " a", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from("abcd"), json_values, min_size=1)


def score(expected: Any, text: str, fields: Any = None, **options: bool) -> Score:
    case = Case(id="a", inputs={}, expected=expected, place="c.jsonl:3")
    return json_fields(fields, **options)(case, Completion(text=text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        ("a", " a\n"),
        ([1, {"a": 2}], [1.0, {"a": 2.0}]),
        ({"a": 1, "b": None}, {"b": None, "a": 1}),
    ],
)
def test_values_that_mean_the_same_are_the_same(one: Any, other: Any) -> None:
    assert score(one, json.dumps(other, indent=1)) == Score(value=1.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (0, None),
        (1, "1"),
        ("a", "A"),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"a": None}, {}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({}, []),
    ],
)
def test_values_that_differ_are_different(one: Any, other: Any) -> None:
    assert score(one, json.dumps(other)).value == 0.0
    assert not same_json(other, one)


def test_a_wrong_object_is_told_field_by_field() -> None:
    assert score(
        ORDER, '{"order": "A-2", "items": ["tea", "cup"], "note": 1}'
    ) == Score(
        value=0.0,
        reason="order: expected 'A-1', got 'A-2'; total: expected 12.5, which is "
        "missing; not asked for: 'note'",
    )
    assert score(ORDER, "[1]").reason == (f"expected {ORDER!r}, got [1]")


def test_many_wrong_fields_are_counted() -> None:
    assert score({str(n): n for n in range(5)}, "{}").reason == (
        "0: expected 0, which is missing; 1: expected 1, which is missing; "
        "2: expected 2, which is missing; 2 more fields are wrong"
    )


def test_partial_gives_the_share_of_right_fields() -> None:
    text = '{"order": "A-1", "total": 12.50, "items": ["tea"], "note": 1}'

    assert score(ORDER, text, partial=True) == Score(
        value=2 / 3,
        reason="items: expected ['tea', 'cup'], got ['tea']",
        parts={"order": 1.0, "total": 1.0, "items": 0.0},
    )


def test_chosen_fields_are_all_that_counts() -> None:
    text = '{"order": "A-1", "total": 0, "note": 1}'

    assert score(ORDER, text, ["order"]).value == 1.0
    assert score(ORDER, text, ["order", "total"]) == Score(
        value=0.0, reason="total: expected 12.5, got 0"
    )
    assert score(ORDER, text, ["order", "total"], partial=True).value == 0.5


def test_a_reply_that_is_no_object_has_no_right_field() -> None:
    assert score(ORDER, '["A-1"]', ["order"], partial=True) == Score(
        value=0.0, reason="expected an object, got ['A-1']", parts={"order": 0.0}
    )
    assert score(ORDER, "A-1", ["order"], partial=True) == Score(
        value=0.0,
        reason="the reply is not JSON (Expecting value, line 1 column 1): 'A-1'",
        parts={"order": 0.0},
        parsed=False,
    )


def test_words_around_the_json_are_wrong() -> None:
    assert score({"a": 1}, 'Here you are: {"a": 1}') == Score(
        value=0.0,
        reason="the reply is not JSON (Expecting value, line 1 column 1): "
        "'Here you are: {\"a\": 1}'",
        parsed=False,
    )


@pytest.mark.parametrize(
    "text",
    ['```json\n{"a": 1}\n```', '\n```\r\n{"a": 1}\r\n```\n', '```JSON \n{"a":\n1}```'],
)
def test_one_fence_is_wrong_unless_it_is_allowed(text: str) -> None:
    assert score({"a": 1}, text, fenced=True) == Score(value=1.0)
    assert score({"a": 1}, text).reason.startswith(
        "the reply is not JSON (it stands in a code fence): "
    )


@pytest.mark.parametrize(
    "text",
    [
        'Sure:\n```json\n{"a": 1}\n```',
        '```\n{"a": 1}\n```\n```\n{"a": 1}\n```',
        '```{"a": 1}```',
        "```",
        "``````",
    ],
)
def test_more_than_one_bare_fence_stays_wrong(text: str) -> None:
    assert score({"a": 1}, text, fenced=True).value == 0.0


def test_a_reply_without_a_fence_is_right_where_one_is_allowed() -> None:
    assert score({"a": "```"}, '{"a": "```"}', fenced=True).value == 1.0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 2, "a": 1}', "key 'a' appears twice in one object"),
        ('{"a": NaN}', "NaN is no JSON value"),
        ("[" * 200_000, "nested too deeply"),
        ("9" * 5000, "Exceeds the limit"),
        ("{'a': 1}", "Expecting property name enclosed in double quotes"),
    ],
)
def test_doubtful_json_is_no_json(text: str, why: str) -> None:
    graded = score({"a": 1}, text)

    assert graded.value == 0.0
    if not text.isdigit():  # early versions of Python 3.10 read any number of digits
        assert graded.reason.startswith(f"the reply is not JSON ({why}")


@pytest.mark.parametrize(
    ("expected", "options", "problem"),
    [
        (
            "[1]",
            {},
            "got JSON inside a text as the expected answer: '[1]'",
        ),
        (
            [1],
            {"partial": True},
            "compares fields, but the expected answer is [1]",
        ),
        ({}, {"partial": True}, "compares fields, but the expected answer is {}"),
        (
            {"a": 1},
            {"fields": ["b"]},
            "compares the field 'b', which the expected answer lacks",
        ),
    ],
)
def test_an_expected_answer_that_cannot_be_compared_is_refused(
    expected: Any, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ScorerError) as caught:
        score(expected, "{}", **options)

    assert caught.value.problem == f"c.jsonl:3: case 'a': scorer 'json' {problem}"


@pytest.mark.parametrize("fields", ["order", [], [1]])
def test_fields_that_are_no_list_of_names_are_refused(fields: Any) -> None:
    with pytest.raises(ScorerError, match=r"^json_fields: fields are "):
        json_fields(fields)


@LAW
@given(json_values)
def test_every_value_is_the_same_as_itself(value: Any) -> None:
    if isinstance(value, str):
        return
    assert score(value, json.dumps(value)).value == 1.0


@LAW
@given(objects, objects)
def test_the_partial_value_is_the_mean_of_its_parts(
    expected: dict[str, Any], got: dict[str, Any]
) -> None:
    partial = score(expected, json.dumps(got), partial=True)
    chosen = score(expected, json.dumps(got), list(expected))
    whole = score(expected, json.dumps(got))

    assert partial.value == sum(partial.parts.values()) / len(partial.parts)
    assert partial.parts.keys() == expected.keys()
    assert (partial.value == 1.0) == (chosen.value == 1.0)
    assert (whole.value == 1.0) == (
        chosen.value == 1.0 and got.keys() == expected.keys()
    )
    assert bool(partial.reason) == (partial.value != 1.0)


@LAW
@given(json_values, json_values)
def test_sameness_has_no_direction(one: Any, other: Any) -> None:
    assert same_json(one, other) == same_json(other, one)


@LAW
@given(st.text() | st.text(alphabet='{}[]"`:,a1 \n\\u'), st.booleans())
def test_any_reply_gets_a_score(text: str, fenced: bool) -> None:  # noqa: FBT001
    assert score({"a": 1}, text, partial=True, fenced=fenced).value in {0.0, 1.0}
