from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.cases.json_rows import rows_of_json_lines, rows_of_json_list
from pytest_promptopt.errors import CaseFileError

LAW = settings(max_examples=60, deadline=None, database=None)

objects = st.lists(
    st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=9)))
)


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (
            '{"t": 1}\n{"t": 1 "u": 2}\n',
            "c.jsonl:2:9: bad JSON: Expecting ',' delimiter in '{\"t\": 1 \"u\": 2}'",
            "put one whole JSON object on each line",
        ),
        (
            '{"t": 1} {"t": 2}',
            'c.jsonl:1:10: bad JSON: Extra data in \'{"t": 1} {"t": 2}\'',
            "put one whole JSON object on each line",
        ),
        (
            '[\n{"t": 1}\n]',
            "c.jsonl:1:2: bad JSON: Expecting value in '['",
            "put one whole object on each line, or name the file .json for a list",
        ),
        (
            '\n{"t": {"a": 1, "a": 2}}',
            "c.jsonl:2: bad JSON: key 'a' appears twice in one object in "
            '\'{"t": {"a": 1, "a": 2}}\'',
            "write each key once and every number in digits",
        ),
        (
            '{"t": NaN}',
            "c.jsonl:1: bad JSON: NaN is no JSON value in '{\"t\": NaN}'",
            "write each key once and every number in digits",
        ),
        (
            '{"t": -Infinity}',
            "c.jsonl:1: bad JSON: -Infinity is no JSON value in '{\"t\": -Infinity}'",
            "write each key once and every number in digits",
        ),
        (
            "[" * 200_000,
            f"c.jsonl:1: bad JSON: nested too deeply in '{'[' * 76}...",
            "write each key once and every number in digits",
        ),
    ],
)
def test_a_bad_line_is_named_with_line_column_and_reason(
    text: str, problem: str, hint: str
) -> None:
    with pytest.raises(CaseFileError) as caught:
        rows_of_json_lines(text, "c.jsonl")

    assert caught.value.problem.startswith(problem)
    assert caught.value.hint == hint


def test_only_line_feeds_end_a_line() -> None:
    text = '{"t": "a\u2028b\u0085c\x0bd"}'.replace("\x0b", "\\u000b")

    (row,) = rows_of_json_lines(text, "c.jsonl")

    assert row.value == {"t": "a\u2028b\u0085c\x0bd"}


def test_entries_of_a_list_are_placed_at_the_line_they_begin_on() -> None:
    text = '\n[\n  {"a": "]"},\n\n  {"b":\n 1}, {"c": [2, 3]} ]\n'

    rows = rows_of_json_list(text, "c.json")

    assert [(row.place, row.value) for row in rows] == [
        ("c.json:3", {"a": "]"}),
        ("c.json:5", {"b": 1}),
        ("c.json:6", {"c": [2, 3]}),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[\n{"a": 1}\n{"b": 2}]', "c.json:3:1: bad JSON: Expecting ',' delimiter"),
        ('{"a": 1}', "c.json:1: holds {'a': 1}, not a list of cases"),
        (
            '[{"a": 1},\n {"b": 1, "b": 2}]',
            "c.json:2: bad JSON: key 'b' appears twice in one object in the case that "
            "begins here",
        ),
        (
            '[{"a": Infinity}]',
            "c.json:1: bad JSON: Infinity is no JSON value in the case that begins "
            "here",
        ),
    ],
)
def test_a_bad_list_is_named_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(CaseFileError) as caught:
        rows_of_json_list(text, "c.json")

    assert caught.value.problem == problem


@LAW
@given(objects)
def test_lines_and_lists_read_what_was_written(values: list[dict[str, Any]]) -> None:
    lines = "\n".join(json.dumps(value, ensure_ascii=False) for value in values)

    for indent in (None, 2):
        listed = rows_of_json_list(json.dumps(values, indent=indent), "c")
        assert [row.value for row in listed] == values
    assert [row.value for row in rows_of_json_lines(lines, "c")] == values


@LAW
@given(st.text(alphabet='{}[],:"\\ 0123eE+-.NaInfinity\n\r\tu\ud800', max_size=40))
def test_any_text_is_read_or_refused_with_a_case_file_error(text: str) -> None:
    for read in (rows_of_json_lines, rows_of_json_list):
        try:
            rows = read(text, "c")
        except CaseFileError as error:
            assert error.hint  # noqa: PT017 - either outcome is legal
        else:
            assert isinstance(rows, list)
