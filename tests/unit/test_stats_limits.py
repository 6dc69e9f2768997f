"""Limits of p-values, and what a suite of a given size can show."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.stats import (
    alpha_for_look,
    holm,
    sign_flip_p,
    smallest_confirmable_gain,
    smallest_detectable_drop,
    within_case_variance,
)


def test_holm_adjusts_in_the_order_given() -> None:
    assert holm([0.04, 0.01]) == pytest.approx((0.04, 0.02))
    assert holm([0.01, 0.02, 0.03]) == pytest.approx((0.03, 0.04, 0.04))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), max_size=6))
@settings(max_examples=40, deadline=None)
def test_holm_keeps_the_ranking_and_never_lowers_a_p(p_values: list[float]) -> None:
    adjusted = holm(p_values)

    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
    assert sorted(adjusted) == [
        a for _, a in sorted(zip(p_values, adjusted, strict=True))
    ]


@given(st.lists(st.sampled_from([0.001, 0.01, 0.02, 0.03, 0.05, 0.4]), max_size=5))
@settings(max_examples=40, deadline=None)
def test_holm_is_the_closed_bonferroni_test(p_values: list[float]) -> None:
    """Each hypothesis takes the worst Bonferroni p of the families that hold it."""
    members = range(len(p_values))
    families = [
        family
        for size in range(1, len(p_values) + 1)
        for family in itertools.combinations(members, size)
    ]

    closed = [
        max(
            min(1.0, len(family) * min(p_values[i] for i in family))
            for family in families
            if member in family
        )
        for member in members
    ]

    assert holm(p_values) == pytest.approx(closed)


def test_looks_spend_alpha_once_in_all() -> None:
    levels = [alpha_for_look(look) for look in range(5000)]

    assert [round(level, 3) for level in levels[:3]] == [0.03, 0.008, 0.003]
    assert math.fsum(levels) == pytest.approx(0.05, abs=1e-5)


def test_there_is_no_look_before_the_first() -> None:
    with pytest.raises(ValueError, match="-1 earlier looks"):
        alpha_for_look(-1)


@pytest.mark.parametrize("look", [0, 1, 2, 5])
@pytest.mark.parametrize("n", [30, 80, 1000])
def test_smallest_confirmable_gain_is_just_enough_flips(n: int, look: int) -> None:
    alpha = alpha_for_look(look)

    gain = smallest_confirmable_gain(n, alpha)

    flips = math.ceil(gain * n - 1e-9)
    assert sign_flip_p([1.0] * flips, side="gain") <= alpha / 2
    if gain > 0.02:
        assert sign_flip_p([1.0] * (flips - 1), side="gain") > alpha / 2


def test_smallest_confirmable_gain_at_the_first_look() -> None:
    alpha = alpha_for_look(0)

    assert smallest_confirmable_gain(80, alpha) == 7 / 80
    assert smallest_confirmable_gain(1000, alpha) == 0.02
    assert smallest_confirmable_gain(5, alpha) > 1.0
    with pytest.raises(ValueError, match="n=0"):
        smallest_confirmable_gain(0, alpha)


def test_variance_within_cases_leaves_out_that_between_them() -> None:
    assert within_case_variance([(1.0, 1.0), (0.0, 0.0)]) == 0.0
    assert within_case_variance([(1.0, 0.0), (1.0, 1.0)]) == pytest.approx(0.25)
    assert within_case_variance([(1.0, 0.0), (1.0, 1.0)], [1.0, 2.0]) == pytest.approx(
        0.1
    )


def test_variance_without_repeated_trials_is_the_largest_possible() -> None:
    assert within_case_variance([(1.0,), (0.0,), (1.0,), (1.0,)]) == 0.75 * 0.25
    assert within_case_variance([]) == 0.0


def test_a_suite_without_noise_still_needs_three_flips() -> None:
    drop = smallest_detectable_drop(20, variance=0.0, trials=3, alpha=0.05)

    assert drop == 3 / 20


def test_one_trial_without_noise_needs_as_many_flips_as_mcnemar() -> None:
    drop = smallest_detectable_drop(1000, variance=0.0, trials=1, alpha=0.05)

    assert drop == 0.02
    assert smallest_detectable_drop(40, variance=0.0, trials=1, alpha=0.05) >= 5 / 40


def test_detectable_drop_stays_between_the_tolerance_and_everything() -> None:
    huge = smallest_detectable_drop(1e6, variance=0.0, trials=3, alpha=0.05)
    tiny = smallest_detectable_drop(2, variance=0.2, trials=1, alpha=0.001)

    assert (huge, tiny) == (0.02, 1.0)
    with pytest.raises(ValueError, match="at least one case"):
        smallest_detectable_drop(0, variance=0.1, trials=3, alpha=0.05)


@given(st.floats(0, 0.25), st.integers(1, 5), st.floats(0.001, 0.05))
@settings(max_examples=40, deadline=None)
def test_more_cases_show_smaller_drops(
    variance: float, trials: int, alpha: float
) -> None:
    drops = [
        smallest_detectable_drop(n, variance=variance, trials=trials, alpha=alpha)
        for n in (10, 30, 100, 300)
    ]

    assert drops == sorted(drops, reverse=True)


def test_a_drop_of_just_the_tolerance_is_seen_only_every_other_time() -> None:
    drop = smallest_detectable_drop(1000, variance=0.1, trials=4, alpha=0.025)

    assert drop == pytest.approx(0.02 + 0.8416 * math.sqrt(2 * 0.1 / 4 / 1000), 1e-4)
