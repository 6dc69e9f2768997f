"""Drift: the same requests, other scores, decided once for the whole suite."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.gate import Drift, DriftedTest, judge_drift
from pytest_promptopt.records import Redraw


def drawn(
    n: int, wrong: int, *, was_wrong: int = 0, weight: float = 1.0
) -> list[Redraw]:
    """Cases right in the record but for some, and one fresh trial of each."""
    return [
        Redraw(
            weight=weight,
            recorded=(float(i >= was_wrong),) * 3,
            fresh=(float(i >= wrong),),
        )
        for i in range(n)
    ]


def test_scores_as_recorded_are_no_drift() -> None:
    assert judge_drift({"test_a": drawn(50, 3, was_wrong=3)}) is None
    assert judge_drift({}) is None
    assert judge_drift({"test_a": []}) is None


def test_a_single_test_has_all_of_alpha() -> None:
    drift = judge_drift({"test_a": drawn(40, 3)}, dates={"test_a": "2026-01-31"})

    assert drift is not None
    assert (drift.limit, drift.direction, drift.names) == (0.05, "lower", ("test_a",))
    assert drift.change == pytest.approx(-3 / 40)
    assert drift.p_value == pytest.approx(2 * 4**-3)
    assert drift.message == (
        "not the prompts: model, scorer or code changed since 2026-01-31: test_a"
        " scores 7.5 points lower than recorded with the same requests, p = 0.031,"
        " limit 0.05"
    )


def test_a_change_of_the_whole_suite_is_seen_where_no_test_shows_it() -> None:
    dates = {f"test_{i}": f"2026-01-0{i + 1}" for i in range(8)}

    drift = judge_drift({name: drawn(40, 1) for name in dates}, dates=dates)

    assert drift is not None
    assert (drift.pooled, drift.alone) == (True, ())
    assert drift.names == tuple(dates)
    assert drift.message == (
        "not the prompts: model, scorer or code changed since 2026-01-01 to 2026-01-08:"
        " 8 prompt tests score 2.5 points lower than recorded with the same requests,"
        " p < 0.0001, limit 0.025"
    )


def test_one_test_that_changed_is_named_among_many_that_did_not() -> None:
    redrawn = {f"test_{i}": drawn(100, 0) for i in range(9)}

    drift = judge_drift({**redrawn, "test_odd": drawn(20, 6)})

    assert drift is not None
    assert drift.pooled is False  # 6 cases in 920 are less than two points
    assert drift.names == ("test_odd",)
    assert drift.message == (
        "not the prompts: model, scorer or code changed since the baselines were"
        " recorded: by themselves test_odd 30.0 points lower than recorded"
        " (p = 0.0049), limit 0.025"
    )


def test_a_change_of_the_suite_and_of_one_test_are_both_told() -> None:
    redrawn = {"test_a": drawn(40, 12), "test_b": drawn(40, 1)}

    drift = judge_drift(redrawn, dates={"test_b": "2026-01-31"})

    assert drift is not None
    assert (drift.pooled, drift.names) == (True, ("test_a",))
    assert drift.message == (
        "not the prompts: model, scorer or code changed since 2026-01-31: 2 prompt"
        " tests score 16.2 points lower than recorded with the same requests,"
        " p < 0.0001, limit 0.025; by themselves test_a 30.0 points lower than recorded"
        " (p < 0.0001), limit 0.025"
    )


def test_a_gain_is_drift_as_well() -> None:
    drift = judge_drift({"test_a": drawn(40, 0, was_wrong=9)})

    assert drift is not None
    assert drift.direction == "higher"


def test_tests_that_change_in_opposite_directions_are_different() -> None:
    drift = judge_drift({"test_a": drawn(40, 9), "test_b": drawn(40, 0, was_wrong=9)})

    assert drift is not None
    assert (drift.pooled, drift.direction) == (False, "different")
    assert drift.names == ("test_a", "test_b")


def test_a_change_below_the_tolerance_is_not_worth_a_sentence() -> None:
    assert judge_drift({"test_a": drawn(600, 11)}) is None
    assert judge_drift({"test_a": drawn(600, 12)}) is not None


def test_large_weights_of_one_test_do_not_drown_the_others() -> None:
    light = judge_drift({"test_a": drawn(40, 2), "test_b": drawn(40, 2)})
    heavy = judge_drift({"test_a": drawn(40, 2, weight=100.0), "test_b": drawn(40, 2)})

    assert light == heavy


def test_drift_is_a_value() -> None:
    test = DriftedTest(name="test_a", change=-0.1, p_value=0.01, alone=False)

    assert Drift(
        tests=(test,), change=-0.1, p_value=0.01, limit=0.05, pooled=True
    ).names == ("test_a",)


@given(st.randoms(), st.integers(1, 5))
@settings(max_examples=8, deadline=None)
def test_the_order_of_tests_and_cases_changes_nothing(
    rng: random.Random, tests: int
) -> None:
    redrawn = {
        f"test_{i}": drawn(20, rng.randrange(8), was_wrong=2) for i in range(tests)
    }
    shuffled = {
        name: rng.sample(redrawn[name], len(redrawn[name]))
        for name in rng.sample(sorted(redrawn), tests)
    }

    assert judge_drift(shuffled) == judge_drift(redrawn)


def test_the_suite_says_drift_without_cause_in_at_most_one_run_of_twenty() -> None:
    rng = random.Random(7)

    def redrawn() -> list[Redraw]:
        chances = [rng.betavariate(0.85 * 0.4, 0.15 * 0.4) for _ in range(30)]
        return [
            Redraw(
                weight=1.0,
                recorded=tuple(float(rng.random() < p) for _ in range(3)),
                fresh=(float(rng.random() < p),),
            )
            for p in chances
        ]

    runs = 100
    said = sum(
        judge_drift({f"test_{i}": redrawn() for i in range(4)}) is not None
        for _ in range(runs)
    )

    assert said <= 0.05 * runs
