from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.cases import load_cases
from pytest_promptopt.cases.rows import Row
from pytest_promptopt.cases.yaml_rows import rows_of_yaml
from pytest_promptopt.errors import CaseFileError
from pytest_promptopt.records import Case, Completion
from pytest_promptopt.scorers.promptfoo import promptfoo

pytest.importorskip("yaml")

CONFIG = "promptfooconfig.yaml"


def load(folder: Path, text: str, name: str = CONFIG) -> tuple[Case, ...]:
    (folder / name).write_text(text, encoding="utf-8")
    return load_cases(name, roots=[folder], label="")


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(CaseFileError) as caught:
        load(folder, text)
    return str(caught.value)


def test_a_configuration_with_a_default_test_and_a_table(tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text(
        "q,expected,__expected\nyo,Yo,equals: {{expected}}\n", encoding="utf-8"
    )

    cases = load(
        tmp_path,
        """
prompts: [file://p.txt]
providers: [openai:gpt-5-mini]
defaultTest:
  vars: {animal: fox}
  metadata: {area: zoo}
  assert:
  - {type: icontains, value: "the {{ animal }}"}
tests:
- description: a first test
  vars: {q: What, lang: [de, fr]}
  metadata: {tags: [old]}
- file://more.csv
""",
    )

    fox = {"type": "icontains", "value": "the fox"}
    assert [(case.place, case.inputs) for case in cases] == [
        (f"{CONFIG}:10", {"animal": "fox", "q": "What", "lang": "de"}),
        (f"{CONFIG}:10", {"animal": "fox", "q": "What", "lang": "fr"}),
        ("more.csv:2", {"animal": "fox", "q": "yo"}),
    ]
    assert cases[0].expected == {"assert": [fox]}
    assert cases[2].expected == {"assert": [fox, {"type": "equals", "value": "Yo"}]}
    assert [case.tags for case in cases] == [
        ("area=zoo", "old"),
        ("area=zoo", "old"),
        ("area=zoo",),
    ]


@pytest.mark.parametrize("name", ["t.yaml", "t.jsonl", "t.json"])
def test_tests_in_a_file_of_their_own_are_read(tmp_path: Path, name: str) -> None:
    test = '{"vars": {"q": "a"}, "assert": [{"type": "equals", "value": 4}]}'
    text = test if name.endswith("jsonl") else f"[{test}]"
    (tmp_path / name).write_text(text, encoding="utf-8")

    (case,) = load(tmp_path, f"tests: file://{name}\n")

    assert (case.inputs, case.expected) == ({"q": "a"}, "4")
    assert case.place == f"{name}:1"


def test_a_list_of_tests_alone_is_read_as_such(tmp_path: Path) -> None:
    (case,) = load(tmp_path, "- vars: {q: a, lang: [x]}\n", "tests.yaml")

    assert (case.inputs, case.has_expected) == ({"q": "a", "lang": "x"}, False)


def test_lists_stay_lists_where_the_test_says_so(tmp_path: Path) -> None:
    (case,) = load(
        tmp_path,
        "tests:\n- vars: {tags_: [a, b]}\n  options: {disableVarExpansion: true}\n",
    )

    assert case.inputs == {"tags_": ["a", "b"]}


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (
            "assert: [{type: javascript, value: x}]",
            "the assertion type 'javascript' is not graded here\n"
            "  hint: write the check as a test body: def test_it(case, output): "
            "assert ...",
        ),
        (
            "assert: [{type: contain, value: x}]",
            "assert has the unknown type 'contain'\n  hint: did you mean 'contains'?",
        ),
        (
            "assert: [{type: contains, value: x, weight: 3}]",
            "assertion 'contains' has weight: 3, which would change how it is graded\n"
            "  hint: delete it, or write the check as a test body",
        ),
        (
            "assert: [{type: contains, value: '{{ q | upper }}'}]",
            "assertion value '{{ q | upper }}' is more than text and {{ name }}\n"
            "  hint: write the value itself in each test",
        ),
        (
            "assert: [{type: contains, value: '{{ other }}'}]",
            "assertion value '{{ other }}' uses the variable 'other', which the test "
            "does not have\n  hint: write the value itself in each test",
        ),
        (
            "assert: [{type: is-json, value: {type: object}}]",
            "assertion 'is-json' has the value {'type': 'object'}; schemas are not "
            "read from it\n"
            "  hint: delete the value, or use scorer='json_schema' on the marker",
        ),
        (
            "provider: openai:x",
            "the test has provider: 'openai:x', which has no counterpart here\n"
            "  hint: name the model on the marker; delete the key",
        ),
        (
            "asert: []",
            "the test has the unknown key 'asert'\n  hint: did you mean 'assert'?",
        ),
        (
            "options: {prefix: Hi}",
            "the test has the option 'prefix', which has no counterpart here\n"
            "  hint: delete it; prefix and suffix belong in the prompt, transforms in "
            "a test body",
        ),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(
    tmp_path: Path, test: str, message: str
) -> None:
    text = f"tests:\n- vars: {{q: a}}\n  {test}\n"

    assert refusal(tmp_path, text) == f"{CONFIG}:2: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "tests: file://make.py:tests\n",
            "1: tests come from 'file://make.py:tests', which is not read\n"
            "  hint: name files with .csv, .json, .jsonl, .yaml, .yml one by one; for "
            "a Python function write cases=function on the marker",
        ),
        (
            "tests:\n- vars: {q: file://a.txt}\n",
            "2: the variable 'q' is 'file://a.txt', a file, which is not read\n"
            "  hint: write its text here, or give the cases by a Python function",
        ),
        (
            "tests: []\nscenarios: []\n",
            "2: 'scenarios' of promptfoo are not read, and their cases would be "
            "missing\n  hint: write them as tests, or delete them from this file",
        ),
    ],
)
def test_cases_that_would_be_missing_are_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    assert refusal(tmp_path, text) == f"{CONFIG}:{message}"


scraps = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["vars", "assert", "type", "value", "metadata", "options", "tests"]
            ),
            inner | st.sampled_from(["equals", "not-regex", "is-json", "{{ vars }}"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, database=None)
@given(scraps, scraps)
def test_whatever_stands_there_is_cases_or_a_refusal(tests: Any, default: Any) -> None:
    text = json.dumps({"tests": tests, "defaultTest": default})

    hint = "none"
    rows: list[Row] = []
    try:
        rows = rows_of_yaml(text, CONFIG, lambda name, place: [])
    except CaseFileError as error:
        hint = error.hint

    assert hint
    assert all(isinstance(row.value, dict) for row in rows)


def graded(checks: object, reply: str) -> float | None:
    case = Case(id="a", inputs={}, expected=checks)
    return promptfoo()(case, Completion(text=reply)).value


@pytest.mark.parametrize(
    ("kind", "value", "right", "wrong"),
    [
        ("equals", "Paris", "Paris", "paris"),
        ("equals", {"a": 1}, '{ "a": 1 }', "{}"),
        ("contains", "art", "smart", "ART"),
        ("icontains", "ART", "smart", "car"),
        ("contains-any", ["a", "b"], "xb", "xc"),
        ("icontains-all", ["a", "b"], "BA", "a"),
        ("starts-with", "Su", "Summary", "A Su"),
        ("regex", "^[0-9]+$", "12", "a12"),
        ("is-json", None, "[1]", "[1"),
    ],
)
def test_each_type_grades_and_its_negation_grades_the_other_way(
    kind: str, value: object, right: str, wrong: str
) -> None:
    check = {"type": kind} if value is None else {"type": kind, "value": value}
    negated = {**check, "type": f"not-{kind}"}

    assert graded({"assert": [check]}, right) == 1.0
    assert graded({"assert": [check]}, wrong) == 0.0
    assert graded({"assert": [negated]}, right) == 0.0
    assert graded({"assert": [negated]}, wrong) == 1.0


def test_a_reply_is_wrong_if_one_check_does_not_hold() -> None:
    checks = [
        {"type": "contains", "value": "a"},
        {"type": "contains", "value": "b"},
        {"type": "is-json"},
    ]
    case = Case(id="a", inputs={}, expected={"assert": checks})

    score = promptfoo()(case, Completion(text="a"))

    assert (score.value, score.reason) == (
        0.0,
        "expected contains 'b' and 1 more, got 'a'",
    )


def test_a_text_alone_is_what_the_reply_must_be_equal_to() -> None:
    assert graded("Paris", "Paris") == 1.0
    assert graded("Paris", "Paris!") == 0.0
