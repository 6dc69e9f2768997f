"""The benchmark of the gate's error rates is sound, and a small run of it agrees."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from gate_suites import arm, record, suite
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.gate import Terms, judge_edited

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(
    not BENCHMARKS.is_dir(), reason="a source distribution has no benchmarks"
)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("gate_runs")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("gate_error_rates")


@given(
    wrong=st.sets(st.integers(0, 19), max_size=12),
    wrong_before=st.sets(st.integers(0, 19), max_size=6),
    look=st.sampled_from([1, 2]),
)
@settings(max_examples=40, deadline=None)
def test_a_verdict_that_is_no_fail_is_the_same_among_more_edited_tests(
    wrong: set[int], wrong_before: set[int], look: int
) -> None:
    cases = suite(20)
    arms = arm(cases, sorted(wrong_before)), arm(cases, sorted(wrong))

    outcomes = [
        judge_edited(
            cases, record(cases), *arms, Terms(hypotheses=many), look=look
        ).outcome
        for many in (1, 5, 20, 50)
    ]

    others = [outcome for outcome in outcomes if outcome != "fail"]
    assert outcomes == ["fail"] * (4 - len(others)) + others
    assert len(set(others)) <= 1


def test_the_table_does_not_depend_on_how_the_work_is_divided(runs: Any) -> None:
    cell = runs.Cell("drop 10", 20, 0.4, (1, 20))

    _, whole = runs.simulate((cell, 0, 20))
    _, first = runs.simulate((cell, 0, 10))
    _, second = runs.simulate((cell, 10, 20))

    assert first + second == whole
    assert whole["runs", 0] == 20


def test_a_deterministic_model_and_an_edit_without_effect_never_fail(runs: Any) -> None:
    cell = runs.Cell("nothing", 50, 0.0, (1, 5, 20, 50))

    _, counts = runs.simulate((cell, 0, 20))

    assert [counts["pass", many] for many in cell.many] == [20] * 4
    assert counts["calls", 1] == 20 * 50 * 6


@pytest.mark.parametrize("s", [0.1, 0.4, 2.0])
def test_the_smallest_drop_that_is_printed_is_found_in_about_four_of_five_runs(
    runs: Any, s: float
) -> None:
    _, counts = runs.simulate((runs.Cell("smallest", 50, s), 0, 60))

    assert counts["fail", 1] / counts["runs", 0] >= 0.64


@pytest.mark.parametrize("size", [0.05, 0.1])
def test_a_drop_takes_from_few_cases_what_it_takes_from_the_mean(
    runs: Any, size: float
) -> None:
    random = Random(0)
    truth = runs.TRUTHS[f"drop {round(100 * size)}"](random, 200, 0.4)

    lost = [old - new for old, new in zip(truth.old, truth.new, strict=True)]

    assert sum(lost) / 200 == pytest.approx(size)
    assert sum(loss > 0 for loss in lost) <= 1.5 * size * 200 / 0.85


def test_a_line_shows_the_worst_cell_and_what_the_others_would_say(table: Any) -> None:
    rows = importlib.import_module("gate_rows")
    cells = rows.Cell("nothing", 50, 0.4), rows.Cell("nothing", 50, 2.0)
    results = {
        cell: Counter({("runs", 0): 1000, ("fail", 5): fails, ("naive", 0): 100})
        for cell, fails in zip(cells, (4, 6), strict=True)
    }
    row = rows.Row("n = 50, M = 5", cells, many=5, tests=5, most=5, bound=True)

    shown = table.line(row, results, peers=True)

    assert " ".join(shown.split()) == (
        "n = 50, M = 5 (worst: s = 2) 3.0 1.1 - 6.3 <= 5 ? 0.0 41.0 0.0 0.0"
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (4.0, 3.0, 5.0, "ok"),
        (4.0, 3.0, 5.1, "?"),
        (6.0, 4.9, 7.0, "?"),
        (6.0, 5.1, 7.0, "MISSED"),
    ],
)
def test_a_bounded_figure_is_kept_only_with_its_whole_interval(
    table: Any, value: float, low: float, high: float, said: str
) -> None:
    rows = importlib.import_module("gate_rows")
    cell = rows.Cell("nothing", 50, 0.4)
    row = rows.Row("", (cell,), most=5, bound=True)

    assert table.mark(row, table.Figure(value, low, high, cell)) == said
