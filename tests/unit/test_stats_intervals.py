"""Intervals cover what they say, and never claim certainty."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.stats import (
    accuracy_interval,
    clopper_pearson_interval,
    difference_interval,
    effective_cases,
    t_quantile,
    weighted_mean,
    wilson_interval,
)

SHARES = [(0, 1), (1, 1), (0, 10), (3, 10), (50, 60), (60, 60), (13, 40_000)]


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
@pytest.mark.parametrize(("right", "n"), SHARES)
def test_wilson_interval_agrees_with_scipy(
    right: int, n: int, confidence: float
) -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    tested = scipy_stats.binomtest(right, n)
    expected = tested.proportion_ci(confidence, method="wilson")

    low, high = wilson_interval(right / n, n, confidence=confidence)

    assert (low, high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
@pytest.mark.parametrize(("right", "n"), SHARES)
def test_clopper_pearson_interval_agrees_with_scipy(
    right: int, n: int, confidence: float
) -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    tested = scipy_stats.binomtest(right, n)
    expected = tested.proportion_ci(confidence, method="exact")

    low, high = clopper_pearson_interval(right, n, confidence=confidence)

    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-11)


@given(st.integers(1, 25), st.floats(0.001, 0.999), st.sampled_from([0.8, 0.95]))
@settings(max_examples=40, deadline=None)
def test_clopper_pearson_interval_covers_at_least_as_often_as_it_says(
    n: int, share: float, confidence: float
) -> None:
    intervals = [
        clopper_pearson_interval(right, n, confidence=confidence)
        for right in range(n + 1)
    ]

    covered = math.fsum(
        math.comb(n, right) * share**right * (1 - share) ** (n - right)
        for right, (low, high) in enumerate(intervals)
        if low <= share <= high
    )

    assert covered >= confidence - 1e-9


def test_no_failure_in_n_draws_leaves_about_three_in_n() -> None:
    _, high = clopper_pearson_interval(0, 4000, confidence=0.9)

    assert high == pytest.approx(3 / 4000, rel=2e-3)


def test_all_right_is_not_certainty() -> None:
    low, high = wilson_interval(1.0, 30)

    assert high == 1.0
    assert low == pytest.approx(0.8865, abs=1e-4)


def test_intervals_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        wilson_interval(0.5, 0)
    with pytest.raises(ValueError, match="no value"):
        accuracy_interval([])
    with pytest.raises(ValueError, match="n=0"):
        clopper_pearson_interval(0, 0)
    with pytest.raises(ValueError, match="4 successes in 3 draws"):
        clopper_pearson_interval(4, 3)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.sampled_from([0.5, 0.9, 0.95]),
)
@settings(max_examples=50, deadline=None)
def test_wilson_interval_holds_the_mean_and_stays_in_range(
    means: list[float], confidence: float
) -> None:
    mean = math.fsum(means) / len(means)

    low, high = wilson_interval(mean, len(means), confidence=confidence)

    assert 0.0 <= low <= mean + 1e-12
    assert mean - 1e-12 <= high <= 1.0
    assert high > low


def test_repeated_trials_do_not_count_as_cases() -> None:
    means = [1.0, 1.0, 2 / 3, 0.0]

    assert accuracy_interval(means) == wilson_interval(weighted_mean(means, [1] * 4), 4)


def test_uneven_weights_are_worth_fewer_cases() -> None:
    assert effective_cases([1.0, 1.0, 1.0]) == pytest.approx(3.0)
    assert effective_cases([10.0, 1.0, 1.0]) == pytest.approx(144 / 102)
    assert effective_cases([]) == 0.0


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 10, 29, 30, 200, 201, 1000])
@pytest.mark.parametrize("share", [0.025, 0.5, 0.9, 0.975, 0.9995])
def test_t_quantile_agrees_with_scipy(share: float, freedom: int) -> None:
    scipy_stats = pytest.importorskip("scipy.stats")

    expected = scipy_stats.t.ppf(share, freedom)

    assert t_quantile(share, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-9)


def test_difference_interval_is_the_paired_t_interval() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    random = Random(1)
    differences = [random.choice([-1.0, 0.0, 0.0, 1 / 3, 1.0]) for _ in range(40)]
    expected = scipy_stats.ttest_1samp(differences, 0).confidence_interval()

    assert difference_interval(differences) == pytest.approx(tuple(expected))


def test_difference_interval_weighs_its_cases() -> None:
    heavy = difference_interval([1.0, 0.0, 0.0, 0.0], [9.0, 1.0, 1.0, 1.0])
    light = difference_interval([1.0, 0.0, 0.0, 0.0], [1.0, 9.0, 9.0, 9.0])

    assert sum(heavy) / 2 > sum(light) / 2
    assert heavy[1] == 1.0


def test_one_difference_says_nothing() -> None:
    assert difference_interval([0.4]) == (-1.0, 1.0)
