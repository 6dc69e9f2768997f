from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_promptopt.cases import check_variables
from pytest_promptopt.cases.fields import case_from
from pytest_promptopt.cases.rows import Row
from pytest_promptopt.errors import CaseFileError


def check(variables: set[str], *cases: dict[str, Any]) -> None:
    check_variables(
        [
            case_from(Row(place=f"cases/t.jsonl:{line}", value=fields))
            for line, fields in enumerate(cases, start=1)
        ],
        variables,
        prompt_label="prompts/t.j2",
    )


def refusal(variables: set[str], *cases: dict[str, Any]) -> CaseFileError:
    with pytest.raises(CaseFileError) as caught:
        check(variables, *cases)
    return caught.value


def test_cases_may_have_more_fields_than_the_template_uses() -> None:
    check({"ticket"}, {"ticket": "x", "note": "for the test body"})
    check(set(), {"ticket": "x"})


def test_a_variable_that_no_case_has_suggests_the_field_meant() -> None:
    error = refusal({"tikcet"}, {"ticket": "x"}, {"ticket": "y"})

    assert str(error) == (
        "cases/t.jsonl:1: no case has a field 'tikcet', which prompts/t.j2 uses\n"
        "  hint: did you mean 'ticket' in the template?"
    )
    assert (error.path, error.line) == (Path("cases/t.jsonl"), 1)


def test_a_variable_that_no_case_has_lists_the_fields_there_are() -> None:
    error = refusal({"ticket", "language"}, {"ticket": "x", "name": 1})

    assert error.hint == ("add the field to every case; this one has 'name', 'ticket'")


def test_a_case_that_lacks_a_variable_is_named_with_its_own_misspelling() -> None:
    error = refusal(
        {"ticket"}, {"ticket": "x"}, {"id": "late", "tikcet": "y"}, {"ticket": "z"}
    )

    assert str(error) == (
        "cases/t.jsonl:2: case 'late' has no field 'ticket', which prompts/t.j2 uses "
        "(1 of 3 cases lack it)\n"
        "  hint: did you mean 'ticket' where the case has 'tikcet'?"
    )
    assert error.line == 2


def test_a_case_that_lacks_a_variable_without_a_close_field_is_told_to_add_it() -> None:
    error = refusal({"ticket"}, {"ticket": "x"}, {"id": "b", "mail": "y"})

    assert error.hint == "add 'ticket' to the case; null or an empty text will do"


def test_reserved_fields_are_never_visible_to_a_template() -> None:
    error = refusal({"ticket", "expected"}, {"ticket": "x", "expected": "y"})

    assert str(error) == (
        "prompts/t.j2: uses 'expected' as a variable, but 'expected' is never visible "
        "to a template\n"
        "  hint: rename the variable and give the cases a field of the new name"
    )


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        ("expcted", "expected"),
        ("Expected", "expected"),
        ("expect", "expected"),
        ("exepcted", "expected"),
        ("mustpass", "must_pass"),
        ("must-pass", "must_pass"),
        ("tag", "tags"),
        ("Id", "id"),
        ("wieght", "weight"),
        ("groups", "group"),
        ("spilt", "split"),
    ],
)
def test_a_misspelt_reserved_field_is_refused(field: str, meant: str) -> None:
    error = refusal({"ticket"}, {"id": "a", "ticket": "x"}, {"ticket": "y", field: 1})

    assert error.problem.startswith("cases/t.jsonl:2: case ")
    assert error.problem.endswith(
        f"has a field {field!r}, which no template variable uses"
    )
    assert error.hint.startswith(f"did you mean {meant!r}?")


@pytest.mark.parametrize(
    "field",
    [
        "height",
        "tabs",
        "expert",
        "expected_by",
        "group_size",
        "ids",
        "kid",
        "answer",
        "stage",
        "splitter",
        "mustard",
        "note",
    ],
)
def test_other_words_are_fields_like_any(field: str) -> None:
    check({"ticket"}, {"ticket": "x", field: 1})


def test_a_field_that_the_template_uses_is_meant() -> None:
    check({"tag", "expect"}, {"tag": "x", "expect": "y"})


def test_a_field_beside_the_reserved_one_is_meant() -> None:
    check(
        {"t"},
        {
            "t": 1,
            "id": "a",
            "ID": 7,
            "expected": None,
            "expect": 1,
            "tags": "x",
            "tag": "y",
            "weight": 2,
            "weights": [1],
        },
    )
