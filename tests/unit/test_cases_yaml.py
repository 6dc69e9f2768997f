from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.cases import load_cases
from pytest_promptopt.cases.yaml_text import read_yaml
from pytest_promptopt.errors import CaseFileError
from pytest_promptopt.records import Case

yaml = pytest.importorskip("yaml")

LAW = settings(max_examples=60, deadline=None, database=None)

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=10)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=8,
)


def load(folder: Path, text: str, name: str = "c.yaml") -> tuple[Case, ...]:
    (folder / name).write_bytes(text.encode())
    return load_cases(name, roots=[folder], label="")


def refusal(folder: Path, text: str, name: str = "c.yaml") -> str:
    with pytest.raises(CaseFileError) as caught:
        load(folder, text, name)
    return str(caught.value)


def value_of(text: str) -> Any:
    entry = read_yaml(text, "c.yaml")
    assert entry is not None
    return entry.value


@LAW
@given(values)
def test_json_is_read_as_the_value_that_it_is(value: Any) -> None:
    assert value_of(json.dumps(value)) == value


@LAW
@given(values)
def test_what_pyyaml_writes_is_read_back(value: Any) -> None:
    assert value_of(yaml.safe_dump(value, allow_unicode=True)) == value


@pytest.mark.parametrize(
    "written",
    [
        "yes",
        "No",
        "ON",
        "off",
        "y",
        "2024-05-01",
        "1:30",
        "007",
        "0x1f",
        "1_000",
        "+1",
        ".5",
        ".inf",
        "1.",
        "=",
        "<",
    ],
)
def test_a_scalar_that_json_would_not_write_so_stays_text(written: str) -> None:
    assert value_of(f"- {written}") == [written]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-1.5", -1.5),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ('"true"', "true"),
    ],
)
def test_scalars_of_json_have_their_value(written: str, value: Any) -> None:
    assert value_of(f"- {written}") == [value]


def test_cases_are_placed_at_the_line_where_they_begin(tmp_path: Path) -> None:
    cases = load(
        tmp_path,
        "# our cases\r\n- ticket: |\r\n    Hi\r\n    there\r\n  expected: no\r\n"
        "-\r\n  ticket: x\r\n",
    )

    assert [case.place for case in cases] == ["c.yaml:2", "c.yaml:7"]
    assert cases[0].inputs == {"ticket": "Hi\nthere\n"}
    assert cases[0].expected == "no"


def test_aliases_and_merge_keys_are_followed(tmp_path: Path) -> None:
    cases = load(tmp_path, "- &a {x: 1, y: off}\n- <<: *a\n  x: 2\n- z: *a\n")

    assert [case.inputs for case in cases] == [
        {"x": 1, "y": "off"},
        {"x": 2, "y": "off"},
        {"z": {"x": 1, "y": "off"}},
    ]


BOMB = "".join(
    f"{name}: &{name} [{', '.join([f'*{inner}'] * 10) if inner else 'x'}]\n"
    for name, inner in zip("abcdefg", ["", *"abcdef"], strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "- a: 1\n  a: 2\n",
            "c.yaml:2: the key 'a' appears twice in one mapping\n"
            "  hint: write each key once",
        ),
        (
            "- x\n- !!python/object:os.system {}\n",
            "c.yaml:2: the tag '!!python/object:os.system' is not read\n"
            "  hint: delete the tag and write plain text, numbers, lists and mappings",
        ),
        (
            "- a: 1\n---\n- a: 2\n",
            "c.yaml:3: a second YAML document begins here\n"
            "  hint: put all cases in one document: delete the lines that are only ---",
        ),
        (
            "- a: b: c\n",
            "c.yaml:1: bad YAML: mapping values are not allowed here\n"
            "  hint: check indentation and quotes; a text with ': ' or ' #' in it "
            "needs quotes",
        ),
        (
            "- &a [*a]\n",
            "c.yaml:1: nested deeper than 100 levels, or an alias within itself\n"
            "  hint: flatten the value",
        ),
        (
            BOMB,
            "c.yaml:1: has more than 100000 values, aliases counted at each use\n"
            "  hint: write the cases out without aliases of aliases",
        ),
        (
            "cases:\n- a: 1\nextra: 2\n",
            "c.yaml:3: has 'extra' beside 'cases', which no reader takes\n"
            "  hint: delete it, or move it into each case",
        ),
        (
            "case:\n- a: 1\n",
            "c.yaml:1: has 'case', and none of cases, testData, tests\n"
            "  hint: did you mean 'cases'?",
        ),
        (
            "hello\n",
            "c.yaml:1: holds 'hello', not a list of cases\n"
            "  hint: begin each case with '- ', and indent its fields below it",
        ),
        ("# nothing\n", "c.yaml: has no cases\n  hint: write at least one case"),
    ],
)
def test_yaml_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    assert refusal(tmp_path, text) == message


def test_a_long_yaml_text_is_refused_unparsed() -> None:
    with pytest.raises(CaseFileError, match="more than 2000000 of YAML"):
        read_yaml("x" * 2_000_001, "c.yaml")


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "- " + "[" * 1000) == (
        "c.yaml: bad YAML: nested too deeply\n  hint: write flatter values"
    )


def test_test_data_of_a_prompt_file_are_cases(tmp_path: Path) -> None:
    cases = load(
        tmp_path,
        "name: Labels\nmodel: openai/gpt-4o-mini\n"
        "messages:\n- {role: user, content: '{{input}}'}\n"
        "testData:\n- input: The lamp is dead\n  expected: no\n- input: b\n"
        "evaluators:\n- {name: x, string: {startsWith: y}}\n",
        "x.prompt.yml",
    )

    assert [case.inputs["input"] for case in cases] == ["The lamp is dead", "b"]
    assert (cases[0].expected, cases[0].place) == ("no", "x.prompt.yml:6")


def test_a_prompt_file_without_test_data_says_so(tmp_path: Path) -> None:
    assert refusal(tmp_path, "name: T\nmessages: []\n", "x.prompt.yml") == (
        "x.prompt.yml:1: has none of cases, testData, tests, only "
        "['name', 'messages']\n"
        "  hint: put the cases in a list under testData:, with input: and expected:"
    )
