from __future__ import annotations

import json

import pytest

from pytest_promptopt.records.strict_json import read_json, read_json_at


def test_json_is_read_as_the_standard_library_reads_it() -> None:
    text = ' {"a": [1, 2.5, null, true, "\\u00e9"]}\n'

    assert read_json(text) == json.loads(text)
    assert read_json_at('[{"a": 1}, 2]', 1) == ({"a": 1}, 9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 1}', "key 'a' appears twice in one object"),
        ("[NaN]", "NaN is no JSON value"),
        ("-Infinity", "-Infinity is no JSON value"),
        ("[" * 200_000, "nested too deeply"),
        ("[1] 2", "Extra data"),
    ],
)
def test_doubtful_json_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_json(text)


def test_a_value_at_an_offset_is_read_as_strictly() -> None:
    for text in ('{"a": 1, "a": 1}', "[" * 200_000, "x"):
        with pytest.raises(ValueError, match=r"twice|deeply|Expecting"):
            read_json_at(text, 0)
