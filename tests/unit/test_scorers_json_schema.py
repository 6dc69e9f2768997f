from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import json_schema, resolve_scorer
from pytest_promptopt.scorers.formats import FORMATS

LAW = settings(max_examples=60, deadline=None, database=None)
CASE = Case(id="a", inputs={}, has_expected=False, place="c.jsonl:3")
ORDER = {
    "type": "object",
    "required": ["order", "items"],
    "additionalProperties": False,
    "properties": {
        "order": {"type": "string", "pattern": "^A-[0-9]+$"},
        "day": {"type": "string", "format": "date"},
        "state": {"enum": ["open", "paid"]},
        "items": {
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/$defs/item"},
        },
    },
    "$defs": {
        "item": {"type": "object", "properties": {"price": {"type": "number"}}},
    },
}


def score(schema: Any, text: str, case: Case = CASE, **options: bool) -> Score:
    return json_schema(schema, **options)(case, Completion(text=text))


def reason(value: Any) -> str:
    return score(ORDER, json.dumps(value)).reason


def test_a_reply_that_keeps_to_the_schema_is_right() -> None:
    good = {"order": "A-1", "day": "2026-11-20", "items": [{"price": 2.5}]}

    assert score(ORDER, json.dumps(good, indent=1)) == Score(value=1.0)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            {"order": "A-1", "items": [{"price": 1}, {"price": "2"}]},
            "items[1].price: expected type 'number', got '2'",
        ),
        ({"items": [{}]}, "the top: 'order' is missing"),
        ({}, "the top: 'order', 'items' are missing"),
        (
            {"order": "A-1", "items": [{}], "total": 3},
            "the top: 'total' is not allowed",
        ),
        (
            {"order": "7", "items": []},
            "order: expected pattern '^A-[0-9]+$', got '7'; items: expected minItems "
            "1, got []",
        ),
        (
            {"order": "A-1", "items": [{}], "state": "shut", "day": "2026-02-30"},
            "day: expected format 'date', got '2026-02-30'; state: expected one of "
            "['open', 'paid'], got 'shut'",
        ),
        (7, "the top: expected type 'object', got 7"),
    ],
)
def test_the_reason_names_the_place_in_the_reply(value: Any, told: str) -> None:
    assert reason(value) == told


def test_more_than_three_faults_are_counted() -> None:
    items = [{"price": "x"}] * 6

    assert reason({"order": "A-1", "items": items}).endswith(
        "items[2].price: expected type 'number', got 'x'; 3 more faults"
    )


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "fits none of the 2 forms"),
        ({"oneOf": [{"type": "integer"}, {"minimum": 0}]}, "fits more than one of the"),
        ({"const": 8}, "the top: expected 8, got 7"),
        ({"not": {"type": "integer"}}, "the top: breaks 'not': 7"),
        ({"maximum": 5}, "the top: expected maximum 5, got 7"),
        (False, "the top: nothing is allowed here, got 7"),
    ],
)
def test_every_rule_has_words(schema: Any, told: str) -> None:
    assert told in score(schema, "7").reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Sure: {}", "Expecting value, line 1 column 1"),
        ("{'a': 1}", "Expecting property name enclosed in double quotes"),
        ('{"a": 1, "a": 2}', "key 'a' appears twice in one object"),
        ("NaN", "NaN is no JSON value"),
        ("```json\n{}\n```", "it stands in a code fence"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_reply_is_never_repaired(text: str, why: str) -> None:
    got = score({}, text)

    assert got.value == 0.0
    assert got.reason.startswith(f"the reply is not JSON ({why}")


def test_the_first_code_block_counts_where_that_is_asked_for() -> None:
    prose = 'Here:\n```json\n{"order": 1}\n```\nor\n```\n[]\n```\n'

    got = [score({"type": "object"}, text, first_block=True) for text in (prose, "{}")]

    assert [one.value for one in got] == [1.0, 1.0]
    assert score({}, "```\n{", first_block=True).value == 0.0


def test_an_empty_or_cut_reply_is_wrong() -> None:
    assert score({}, " ").reason == "the reply is empty"


def test_formats_can_be_left_out() -> None:
    assert score({"format": "date"}, '"soon"').value == 0.0
    assert score({"format": "date"}, '"soon"', formats=False).value == 1.0
    assert score({"format": "date"}, "7").value == 1.0
    assert score({"format": "color"}, '"soon"').value == 1.0


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", "2024-02-29", "20240229"),
        ("date-time", "2024-02-29T23:59:60.5Z", "2024-02-29T24:00:00Z"),
        ("date-time", "2024-02-29t01:00:00+02:00", "2024-02-29T01:00:00"),
        ("email", "a@b.example", "a b@c"),
        ("ipv4", "127.0.0.1", "127.0.0.256"),
        ("ipv6", "::1", "1::2::3"),
        ("time", "12:00:00Z", "12:00"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
    ],
)
def test_a_format_tells_good_from_bad(name: str, good: str, bad: str) -> None:
    assert FORMATS[name](good)
    assert not FORMATS[name](bad)


def refusal(schema: Any) -> str:
    with pytest.raises(ScorerError) as caught:
        json_schema(schema)
    return str(caught.value)


def test_a_wrong_schema_is_refused_when_the_scorer_is_made() -> None:
    assert refusal({"properties": {"a": {"minimum": "x"}}}) == (
        "json_schema: cannot use the schema: properties.a.minimum: expected type "
        "'number', got 'x'\n  hint: correct it as JSON Schema asks: "
        "https://json-schema.org"
    )


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (7, "7 is no object"),
        ({"$schema": "http://x.example/y"}, "$schema is 'http://x.example/y', which"),
        ({"$schema": 5}, "$schema is 5, which is not known"),
        ({"$ref": "#/$defs/no"}, "$ref names '#/$defs/no', which is not in it"),
        (
            {"items": {"$ref": "https://x.example/y.json"}},
            "$ref names 'https://x.example/y.json', which is not in it",
        ),
        ({"$ref": "#"}, "it refers to itself, or is nested, without end"),
        ({"pattern": "(("}, "pattern: expected format 'regex', got '(('"),
    ],
)
def test_a_schema_that_cannot_be_held_to_is_refused(schema: Any, told: str) -> None:
    assert f"cannot use the schema: {told}" in refusal(schema)


def test_a_property_may_be_called_ref_and_a_schema_may_contain_itself() -> None:
    tree = {
        "properties": {
            "$ref": {"type": "string"},
            "inner": {"$ref": "#"},
        }
    }

    assert score(tree, '{"inner": {"inner": {"$ref": 1}}}').reason == (
        "inner.inner['$ref']: expected type 'string', got 1"
    )


def test_older_drafts_are_read_as_they_name_themselves() -> None:
    old = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"n": {"type": "integer"}},
        "items": [{"$ref": "#/definitions/n"}],
    }

    assert score(old, '["x"]').value == 0.0


def test_without_a_schema_each_case_brings_its_own() -> None:
    def own(expected: Any) -> Case:
        return Case(id="a", inputs={}, expected=expected, place="c.jsonl:3")

    assert score(None, "[1]", own({"type": "array"})).value == 1.0
    with pytest.raises(ScorerError) as caught:
        score(None, '"a"', own({"pattern": "(a+)+"}))
    assert caught.value.problem == (
        "c.jsonl:3: case 'a': scorer 'json_schema' cannot use its schema: the pattern "
        "'(a+)+' repeats a group that repeats something itself, which can take for ever"
    )
    with pytest.raises(ScorerError, match="cannot use its schema: 'x' is no object"):
        score(None, "1", own("x"))
    with pytest.raises(ScorerError, match="needs the field 'expected'"):
        score(None, "1")


def test_a_schema_is_read_from_a_file_that_the_marker_finds(tmp_path: Path) -> None:
    (tmp_path / "order.json").write_bytes(b'\xef\xbb\xbf{"type": "object"}')

    found = resolve_scorer(
        json_schema("order.json"), locate=lambda name: tmp_path / name
    )
    absolute = json_schema(tmp_path / "order.json")

    assert found(CASE, Completion(text="{}")).value == 1.0
    assert absolute(CASE, Completion(text="[]")).value == 0.0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "json_schema: s.json is not JSON: Expecting property name"),
        (b"\xff", "json_schema: s.json byte 0 is not UTF-8"),
        (None, "json_schema: s.json cannot be read: No such file"),
        (b'{"type": 5}', "json_schema: s.json: cannot use the schema: type: fits none"),
    ],
)
def test_a_schema_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / "s.json").write_bytes(content)

    with pytest.raises(ScorerError) as caught:
        resolve_scorer(json_schema("s.json"), locate=lambda name: tmp_path / name)

    assert caught.value.problem.startswith(told)


def test_a_relative_path_outside_a_marker_is_refused() -> None:
    with pytest.raises(ScorerError, match=r"^'s.json' is a relative path"):
        json_schema("s.json")(CASE, Completion(text="{}"))


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)

    assert refusal({}) == (
        "scorer 'json_schema' needs the library 'jsonschema', which is not installed\n"
        "  hint: pip install 'pytest-promptopt[jsonschema]'"
    )


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e999", "-1e999"])
def test_a_number_that_is_too_large_is_wrong_and_no_crash(number: str) -> None:
    assert score({"multipleOf": 0.1}, number).value == 0.0


def test_a_deep_reply_is_wrong_and_no_crash() -> None:
    tree = {"items": {"$ref": "#"}}

    assert score(tree, "[" * 600 + "]" * 600).value in (0.0, 1.0)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@LAW
@given(values)
def test_any_value_gets_a_score_and_a_wrong_one_a_reason(value: Any) -> None:
    got = score(ORDER, json.dumps(value))

    assert (got.value == 1.0) is (got.reason == "")
