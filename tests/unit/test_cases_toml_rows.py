from __future__ import annotations

import pytest

from pytest_promptopt.cases import load_cases
from pytest_promptopt.cases.toml_rows import rows_of_toml
from pytest_promptopt.errors import CaseFileError


def test_tables_are_placed_at_their_headers() -> None:
    text = (
        '# triage\n[[case]]\nt = "x"\n[case.from]\nname = "A"\n\n  [[ case ]] # last\n'
    )

    rows = rows_of_toml(text, "c.toml")

    assert [(row.place, row.value) for row in rows] == [
        ("c.toml:2", {"t": "x", "from": {"name": "A"}}),
        ("c.toml:7", {}),
    ]


def test_a_text_that_looks_like_a_header_is_none() -> None:
    text = '[[case]]\nt = """\n[[case]]\n"""\n[[case]]\nt = "y"\n'

    rows = rows_of_toml(text, "c.toml")

    assert [row.place for row in rows] == ["c.toml:1", "c.toml:5"]


def test_inline_cases_are_counted() -> None:
    rows = rows_of_toml('case = [{t = "x"}, {t = "y"}]', "c.toml")

    assert [row.place for row in rows] == ["c.toml case 1", "c.toml case 2"]


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (
            '[[case]]\nt = "x\n',
            "c.toml:2:7: bad TOML: Illegal character '\\n'",
            "write each case as a [[case]] header and lines of the form name = value",
        ),
        (
            "[[case]]\nt = 1\nt = 2\n",
            "c.toml:3:6: bad TOML: Cannot overwrite a value",
            "write each case as a [[case]] header and lines of the form name = value",
        ),
        (
            "[[cse]]\nt = 1",
            "c.toml: has 'cse' at the top level, where only [[case]] tables belong",
            "did you mean [[case]]?",
        ),
        (
            't = "x"',
            "c.toml: has 't' at the top level, where only [[case]] tables belong",
            "put the fields of each case under a [[case]] header of its own",
        ),
        (
            "[case]\nt = 1",
            "c.toml: 'case' is {'t': 1}, not a list of cases",
            "write the header with double brackets: [[case]]",
        ),
        (
            "[[case]]\n[[cases]]",
            "c.toml: has both [[case]] and [[cases]] tables",
            "use one of the two names throughout",
        ),
    ],
)
def test_what_is_no_list_of_cases_is_refused(
    text: str, problem: str, hint: str
) -> None:
    with pytest.raises(CaseFileError) as caught:
        rows_of_toml(text, "c.toml")

    assert (caught.value.problem, caught.value.hint) == (problem, hint)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            "2026-11-20",
            "CASES[0]: field 'day' is datetime.date(2026, 11, 20), a date, which JSON "
            "cannot hold",
        ),
        ("nan", "CASES[0]: field 'day' is nan, which is no JSON number"),
        ("[1, inf]", "CASES[0]: field 'day'[1] is inf, which is no JSON number"),
    ],
)
def test_values_that_json_cannot_hold_are_refused(value: str, problem: str) -> None:
    rows = rows_of_toml(f"[[case]]\nday = {value}", "c.toml")

    with pytest.raises(CaseFileError) as caught:
        load_cases([rows[0].value], roots=[], label="CASES")

    assert caught.value.problem == problem
