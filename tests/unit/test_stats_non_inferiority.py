"""Non-inferiority: exact where it can be, never below what it should be."""

from __future__ import annotations

import math
import random

import pytest

from pytest_promptopt.stats import fewest_cases, non_inferiority_p


@pytest.mark.parametrize("n", [1, 30, 59, 200])
def test_cases_that_stay_as_they_are_count_by_their_number(n: int) -> None:
    assert non_inferiority_p([0.0] * n, 0.05) == pytest.approx(0.95**n)


@pytest.mark.parametrize("lost", [1, 3, 8])
def test_lost_cases_alone_give_the_binomial_p(lost: int) -> None:
    n, margin = 120, 0.05
    exact = math.fsum(
        math.comb(n, k) * margin**k * (1 - margin) ** (n - k) for k in range(lost + 1)
    )

    p = non_inferiority_p([-1.0] * lost + [0.0] * (n - lost), margin)

    assert p == pytest.approx(exact)


def test_the_integral_agrees_with_the_closed_form() -> None:
    nearly = [-1.0] * 2 + [0.0] * 97 + [1 / 840]

    assert non_inferiority_p(nearly, 0.05) == pytest.approx(
        non_inferiority_p([-1.0] * 2 + [0.0] * 98, 0.05), abs=2e-3
    )


def test_a_gain_helps_and_a_loss_hurts() -> None:
    same = [0.0] * 80
    p = non_inferiority_p(same, 0.05)

    assert non_inferiority_p([*same[1:], 1.0], 0.05) < p
    assert non_inferiority_p([*same[1:], -1 / 3], 0.05) > p
    assert non_inferiority_p(same, 0.1) < p


def test_weights_of_one_size_change_nothing_and_heavy_losses_count_more() -> None:
    given = [-1.0, *[0.0] * 90]

    plain = non_inferiority_p(given, 0.05)

    assert non_inferiority_p(given, 0.05, [3.0] * 91) == pytest.approx(plain)
    assert non_inferiority_p(given, 0.05, [5.0, *[1.0] * 90]) > plain


def test_nothing_and_a_whole_loss_show_nothing() -> None:
    assert non_inferiority_p([], 0.05) == 1.0
    assert non_inferiority_p([-1.0] * 50, 0.05) == 1.0


@pytest.mark.parametrize("margin", [0.0, 1.0, -0.1])
def test_a_margin_is_a_share(margin: float) -> None:
    with pytest.raises(ValueError, match="a margin is between 0 and 1"):
        non_inferiority_p([0.0], margin)


def test_as_many_cases_as_it_takes() -> None:
    n = fewest_cases(0.05, 0.05)

    assert n == 59
    assert non_inferiority_p([0.0] * n, 0.05) <= 0.05
    assert non_inferiority_p([0.0] * (n - 1), 0.05) > 0.05


@pytest.mark.parametrize(
    ("lost", "won", "size"), [(0.05, 0.0, 1.0), (0.15, 0.1, 1.0), (0.15, 0.0, 1 / 3)]
)
def test_a_loss_as_large_as_the_margin_passes_in_at_most_one_of_twenty_tries(
    lost: float, won: float, size: float
) -> None:
    drawn = random.Random(f"{lost} {won}")

    def difference() -> float:
        luck = drawn.random()
        return -size if luck < lost else (size if luck < lost + won else 0.0)

    tries = 300
    passed = sum(
        non_inferiority_p([difference() for _ in range(80)], 0.05) <= 0.05
        for _ in range(tries)
    )

    assert passed / tries <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / tries)
