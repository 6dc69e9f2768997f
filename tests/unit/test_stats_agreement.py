"""Cohen's kappa and its interval."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.stats import cohen_kappa

LAW = settings(max_examples=60, deadline=None, database=None)
TWO = (0.0, 1.0)
STARS = (0.0, 0.25, 0.5, 0.75, 1.0)

grades = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40)


def table(*counts: tuple[int, int, int]) -> list[tuple[int, int]]:
    return [(one, other) for one, other, n in counts for _ in range(n)]


def test_the_textbook_example_of_two_readers_has_its_kappa() -> None:
    pairs = table((0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15))

    found = cohen_kappa(pairs, TWO)

    assert found is not None
    assert found.agreement == pytest.approx(0.7)
    assert found.value == pytest.approx(0.4)
    assert found.interval == pytest.approx((0.14, 0.63), abs=0.02)
    assert found.pairs == 50


def test_near_misses_count_in_part_on_a_scale() -> None:
    near = table((0, 1, 10), (4, 3, 10), (2, 2, 10))
    far = table((0, 4, 10), (4, 0, 10), (2, 2, 10))

    one, other = cohen_kappa(near, STARS), cohen_kappa(far, STARS)

    assert one is not None
    assert other is not None
    assert one.value > 0.5
    assert other.value < 0


def test_perfect_agreement_of_a_few_is_no_certainty() -> None:
    found = cohen_kappa(table((0, 0, 5), (1, 1, 5)), TWO)

    assert found is not None
    assert found.value == 1.0
    assert found.interval[0] < 0.7
    assert found.interval[1] == 1.0


@pytest.mark.parametrize("pairs", [[], [(1, 1)], [(0, 0)] * 9])
def test_without_two_grades_nothing_can_be_told(pairs: list[tuple[int, int]]) -> None:
    assert cohen_kappa(pairs, TWO) is None


def test_grades_that_are_worth_the_same_are_one_grade() -> None:
    assert cohen_kappa([(0, 1), (1, 0)], (0.5, 0.5)) is None


@LAW
@given(pairs=grades, seed=st.integers(0, 5))
def test_order_does_not_matter_and_the_value_is_in_its_interval(
    pairs: list[tuple[int, int]], seed: int
) -> None:
    shuffled = list(pairs)
    random.Random(seed).shuffle(shuffled)

    found = cohen_kappa(pairs, STARS)

    assert cohen_kappa(shuffled, STARS) == found
    if found is not None:
        low, high = found.interval
        assert -1 <= low <= found.value <= high <= 1
        assert low < high
    swapped = cohen_kappa([(other, one) for one, other in pairs], STARS)
    assert (swapped is None) == (found is None)


@pytest.mark.parametrize(
    ("n", "cells", "truth"),
    [
        (20, (0.855, 0.045, 0.005, 0.095), 0.7639),  # a rare label
        (50, (0.45, 0.05, 0.05, 0.45), 0.8),
        (30, (0.14, 0.06, 0.24, 0.56), 0.2958),
    ],
)
def test_the_interval_covers_about_as_often_as_it_says(
    n: int, cells: tuple[float, ...], truth: float
) -> None:
    draws = random.Random(7)
    covered = told = 0
    for _ in range(600):
        pairs = draws.choices([(0, 0), (0, 1), (1, 0), (1, 1)], cells, k=n)
        found = cohen_kappa(pairs, TWO)
        if found is not None:
            told += 1
            covered += found.interval[0] <= truth <= found.interval[1]

    assert covered / told > 0.91
