"""Looks at a hold-out are counted once per run, and survive a merge."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import BaselineError
from pytest_promptopt.looks import Look, looks_before, parse_looks, render_look

FILE = Path("x.looks.jsonl")
HOLDOUT = [f"{i:064x}"[::-1] for i in range(30)]


def look(run: str, *, incumbent: str = "inc", holdout: list[str] = HOLDOUT) -> Look:
    return Look.at(incumbent=incumbent, holdout=holdout, run=run, date="2026-01-31")


def before(looks: list[Look], run: str = "now", holdout: list[str] = HOLDOUT) -> int:
    return looks_before(looks, incumbent="inc", holdout=holdout, run=run)


def test_the_first_look_has_none_before_it() -> None:
    assert before([]) == 0


def test_every_other_run_that_looked_counts_once() -> None:
    assert before([look("a"), look("b"), look("a")]) == 2


def test_a_replay_counts_what_came_before_its_own_line() -> None:
    assert before([look("a"), look("now"), look("b")]) == 1
    assert before([look("now")]) == 0


def test_another_incumbent_starts_anew() -> None:
    assert before([look("a", incumbent="old"), look("b", incumbent="old")]) == 0


def test_a_third_of_new_cases_starts_anew() -> None:
    fewer = [f"new{i}".ljust(64, "0") for i in range(9)] + HOLDOUT[9:]
    third = [f"new{i}".ljust(64, "0") for i in range(10)] + HOLDOUT[10:]

    assert before([look("a")], holdout=fewer) == 1
    assert before([look("a")], holdout=third) == 0
    assert before([look("a")], holdout=HOLDOUT[:5]) == 1


def test_a_look_is_one_short_line() -> None:
    entry = Look.at(
        incumbent="ab12", holdout=["f" * 64, "0" * 64], run="r1", date="2026-01-31"
    )

    assert render_look(entry) == (
        '{"incumbent": "ab12", "holdout": ["000000000000", "ffffffffffff"],'
        ' "run": "r1", "date": "2026-01-31"}\n'
    )


@given(
    st.lists(
        st.builds(
            Look.at,
            incumbent=st.text(),
            holdout=st.lists(st.text()),
            run=st.text(),
            date=st.just("2026-01-31"),
        )
    )
)
@settings(max_examples=40, deadline=None)
def test_what_is_rendered_is_parsed_unchanged(looks: list[Look]) -> None:
    text = "".join(map(render_look, looks))

    assert list(parse_looks(text, FILE)) == looks


def test_empty_lines_are_skipped() -> None:
    assert parse_looks("\n" + render_look(look("a")) + "\r\n", FILE) == (look("a"),)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("<<<<<<< HEAD", "Expecting value: line 1 column 1 (char 0)"),
        ("7", "no JSON object with a list 'holdout'"),
        ('{"holdout": "abc"}', "no JSON object with a list 'holdout'"),
    ],
)
def test_a_line_that_is_no_look_is_refused_with_its_number(line: str, why: str) -> None:
    with pytest.raises(BaselineError) as caught:
        parse_looks(f"{render_look(look('a'))}{line}\n", FILE)

    assert str(caught.value) == (
        f"x.looks.jsonl:2: not a look at a hold-out: {line!r} ({why})\n"
        "  hint: restore the line from git, or delete it if it came from a merge"
        " conflict"
    )
