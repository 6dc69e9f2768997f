"""One row for each prompt test, on whatever screen there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_results import COMPARED, compared, result

from pytest_promptopt.records import TestResult, Verdict
from pytest_promptopt.report.screen import Screen, columns
from pytest_promptopt.report.table import middle_cut, table

LONG = "test_answers_in_the_customers_language[brazilian-portuguese]"
UNCHANGED = Verdict(
    outcome="pass",
    cause="unchanged",
    accuracy=0.72,
    interval=(0.631, 0.796),
    baseline_accuracy=0.72,
    detectable=0.081,
    cases=100,
    baseline_date="2026-11-20",
)
RESULTS = (
    result(COMPARED, nodeid="a", cost=0.48),
    result(UNCHANGED, nodeid="b", calls=0, cost=0.0),
    result(Verdict(outcome="error", cause="provider"), nodeid="c", calls=1200),
    result(compared("inconclusive", "no baseline", detectable=1.0), nodeid="d"),
)
NAMES = {"a": "test_triage", "b": "test_tone", "c": LONG, "d": "test_new"}


def rows(*results: TestResult, width: int = 100, encoding: str = "utf-8") -> list[str]:
    screen = Screen(width=width, encoding=encoding)
    return [line.text for line in table(results or RESULTS, NAMES, screen)]


def test_a_row_has_what_was_decided_on_which_figures_and_what_it_cost() -> None:
    names = {"a": "test_a", "b": "test_b"}
    lines = table(RESULTS[:2], names, Screen())

    assert [line.text for line in lines] == [
        "test    verdict           accuracy             change  can show  calls   cost",
        "test_a  fail (worse)       50.0% [40.0, 60.0]   -20.0      10.0    480  $0.48",
        "test_b  pass (unchanged)   72.0% [63.1, 79.6]               8.1      0",
    ]


def test_a_row_has_the_colour_of_its_verdict_and_a_pass_has_none() -> None:
    lines = table(RESULTS, NAMES, Screen())

    marks = [line.marks for line in lines]
    assert marks == [("bold",), ("red",), (), ("red",), ("yellow",)]


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (120, "test verdict accuracy change can show calls cost"),
        (100, "test verdict accuracy change can show calls cost"),
        (90, "test verdict accuracy change can show calls"),
        (80, "test verdict accuracy change can show"),
        (64, "test verdict accuracy can show"),
        (52, "test verdict can show"),
    ],
)
def test_a_narrow_screen_leaves_the_least_important_columns_out(
    width: int, titles: str
) -> None:
    shown = rows(width=width)

    assert " ".join(shown[0].split()) == titles
    assert max(map(len, shown)) <= width
    assert [line.split()[-1] for line in shown if "no baseline" in line] == [
        "480" if width >= 90 else "none"
    ]


def test_what_nobody_knows_is_left_empty_or_called_unknown() -> None:
    unpriced = result(UNCHANGED, nodeid="a", calls=3, cost=None)
    searched = result(UNCHANGED, nodeid="b", calls=1, paid=10, search_cost=0.5)

    assert [line.split()[-2:] for line in rows(unpriced, searched, width=120)[1:]] == [
        ["3", "unknown"],
        ["11", "$0.50"],
    ]


def test_names_are_measured_as_a_terminal_shows_them() -> None:
    names = {"a": "test_\u6f22\u5b57", "b": "test_e\u0301"}
    lines = table(RESULTS[:2], names, Screen(width=100))
    ascii_only = table(RESULTS[:2], names, Screen(width=100, encoding="ascii"))

    assert {
        columns(line.text.partition("pass")[0].partition("fail")[0])
        for line in lines[1:]
    } == {11}
    assert ascii_only[1].text.startswith("test_\\u6f22\\u5b57  fail")
    assert ascii_only[2].text.startswith("test_e\\u0301       pass")


@given(st.text(max_size=40), st.integers(5, 30))
def test_a_cut_name_is_as_wide_as_it_may_be(text: str, width: int) -> None:
    cut = middle_cut(text, width)

    assert columns(cut) <= width
    assert (cut == text) == (columns(text) <= width)


def test_a_hostile_name_stays_on_its_row() -> None:
    names = {"a": "::error::\x1b[31m\n##[error]", "b": "b"}

    lines = [
        part
        for line in table(RESULTS[:2], names, Screen(width=140))
        for part in Screen().lines(line.text)
    ]

    assert len(lines) == 3
    assert "\x1b" not in "".join(lines)
    assert lines[1].startswith("\\::error::\\x1b[31m #\\#[error]")
