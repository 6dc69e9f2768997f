"""The exact tests agree with brute force, with scipy, and with what p-values mean."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from random import Random
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.stats import sign_flip_p, stratified_p
from pytest_promptopt.stats.convolution import lower_tail
from pytest_promptopt.stats.permutation import integer_weights

Pairs = list[tuple[tuple[float, ...], tuple[float, ...]]]

binary = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=3).map(tuple)
graded = st.lists(
    st.integers(0, 1000).map(lambda x: x / 1000), min_size=1, max_size=2
).map(tuple)
flips = st.lists(st.sampled_from([-1.0, -2 / 3, -1 / 3, 0.0, 1 / 3, 1.0]), max_size=8)


def enumerated(
    pairs: Pairs, weights: list[Fraction] | None = None
) -> tuple[float, float]:
    """Deal every case's scores out in every way; exact and mid-p of a drop."""
    shares = weights or [Fraction(1)] * len(pairs)
    totals = {Fraction(0): 1}
    observed = Fraction(0)
    for (old, new), weight in zip(pairs, shares, strict=True):
        pooled = [Fraction(round(1000 * x), 1000) for x in (*new, *old)]
        dealt: dict[Fraction, int] = {}
        for chosen in itertools.combinations(range(len(pooled)), len(new)):
            taken = sum((pooled[i] for i in chosen), Fraction(0))
            left = sum(pooled, Fraction(0)) - taken
            value = weight * (taken / len(new) - left / len(old))
            dealt[value] = dealt.get(value, 0) + 1
            if chosen == tuple(range(len(new))):
                observed += value
        following: dict[Fraction, int] = {}
        for total, ways in totals.items():
            for value, number in dealt.items():
                following[total + value] = (
                    following.get(total + value, 0) + ways * number
                )
        totals = following
    below = sum(ways for total, ways in totals.items() if total < observed)
    exactly = totals[observed]
    outcomes = sum(totals.values())
    return (below + exactly) / outcomes, (below + exactly / 2) / outcomes


@given(st.lists(st.tuples(binary, binary), max_size=4))
@settings(max_examples=40, deadline=None)
def test_stratified_p_of_right_and_wrong_equals_dealing_out_by_hand(
    pairs: Pairs,
) -> None:
    exact, mid = enumerated(pairs)

    assert stratified_p(pairs) == pytest.approx(exact, rel=1e-12)
    assert stratified_p(pairs, mid=True) == pytest.approx(mid, rel=1e-12)


@given(
    st.lists(st.tuples(graded, graded), min_size=1, max_size=4),
    st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.5]), min_size=4, max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_stratified_p_of_weighted_grades_equals_dealing_out_by_hand(
    pairs: Pairs, weights: list[float]
) -> None:
    used = weights[: len(pairs)]

    p = stratified_p(pairs, weights=used)

    assert p == pytest.approx(enumerated(pairs, list(map(Fraction, used)))[0], rel=1e-9)


def test_one_case_is_the_hypergeometric_tail() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    for right in range(7):
        for now in range(max(0, right - 3), min(3, right) + 1):
            old = [1.0] * (right - now) + [0.0] * (3 - right + now)
            new = [1.0] * now + [0.0] * (3 - now)

            law = scipy_stats.hypergeom(6, right, 3)
            half = law.pmf(now) / 2

            assert stratified_p([(old, new)]) == pytest.approx(law.cdf(now))
            assert stratified_p([(old, new)], mid=True) == pytest.approx(
                law.cdf(now) - half
            )


def test_uneven_trials_of_one_case_are_still_the_hypergeometric_tail() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    old, new = [1.0] * 5 + [0.0], [1.0, 0.0, 0.0, 0.0]

    expected = scipy_stats.hypergeom(10, 6, 4).cdf(1)

    assert stratified_p([(old, new)]) == pytest.approx(expected)


def test_one_trial_per_arm_is_the_exact_mcnemar_test() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    fell, rose = [((1.0,), (0.0,))] * 9, [((0.0,), (1.0,))] * 3
    kept: Pairs = [((1.0,), (1.0,))] * 20

    p = stratified_p([*fell, *rose, *kept])

    assert p == pytest.approx(
        scipy_stats.binomtest(9, 12, alternative="greater").pvalue
    )


def test_sign_flip_p_agrees_with_scipys_permutation_test() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    differences = [-1 / 3, -1.0, 2 / 3, 0.0, -2 / 3, 1 / 3, -1.0, -1 / 3]

    expected = scipy_stats.permutation_test(
        ([round(3 * x) for x in differences],),
        lambda x, axis: x.sum(axis=axis),
        permutation_type="samples",
        alternative="less",
        n_resamples=10_000,
    ).pvalue

    assert sign_flip_p(differences, side="drop") == pytest.approx(expected)


@given(differences=flips, mid=st.booleans())
@settings(max_examples=40, deadline=None)
def test_sign_flip_p_equals_flipping_by_hand(
    *, differences: list[float], mid: bool
) -> None:
    thirds = [round(3 * x) for x in differences]
    sums = [
        sum(sign * x for sign, x in zip(signs, thirds, strict=True))
        for signs in itertools.product((1, -1), repeat=len(thirds))
    ]
    below = sum(total < sum(thirds) for total in sums)
    equal = sums.count(sum(thirds))

    p = sign_flip_p(differences, side="drop", mid=mid)

    assert p == pytest.approx((below + equal * (0.5 if mid else 1.0)) / len(sums))


@given(
    st.lists(st.tuples(st.integers(-6, 6), st.integers(1, 9)), max_size=8),
    st.sampled_from(["drop", "gain"]),
)
@settings(max_examples=40, deadline=None)
def test_weighted_sign_flip_p_equals_flipping_by_hand(
    rows: list[tuple[int, int]], side: Literal["drop", "gain"]
) -> None:
    terms = [
        (sixths if side == "drop" else -sixths) * weight for sixths, weight in rows
    ]
    sums = [
        sum(sign * term for sign, term in zip(signs, terms, strict=True))
        for signs in itertools.product((1, -1), repeat=len(terms))
    ]

    p = sign_flip_p(
        [sixths / 6 for sixths, _ in rows],
        side=side,
        weights=[float(weight) for _, weight in rows],
    )

    assert p == pytest.approx(sum(x <= sum(terms) for x in sums) / len(sums))


def test_sign_flip_weights_decide_which_flips_matter() -> None:
    differences, weights = [-1.0, 1.0, 1.0], [3.0, 1.0, 1.0]

    assert sign_flip_p(differences, side="drop") == 7 / 8
    assert sign_flip_p(differences, side="drop", weights=weights) == 4 / 8


def test_no_case_and_no_difference_say_nothing() -> None:
    same: Pairs = [((1.0, 1.0), (1.0, 1.0)), ((0.0,), (0.0, 0.0))]

    assert (stratified_p([]), stratified_p([], mid=True)) == (1.0, 0.5)
    assert (stratified_p(same), stratified_p(same, mid=True)) == (1.0, 0.5)
    assert sign_flip_p([], side="gain") == 1.0
    assert sign_flip_p([0.0, 0.0], side="drop", mid=True) == 0.5


def test_flips_of_m_cases_in_one_direction_give_two_to_the_minus_m() -> None:
    gains = [1.0] * 6 + [0.0] * 30

    assert sign_flip_p(gains, side="gain") == 2**-6
    assert sign_flip_p(gains, side="drop") == 1.0


def test_a_gain_is_the_drop_of_the_swapped_arms() -> None:
    pairs: Pairs = [((1.0, 0.0, 1.0), (0.0, 0.0)), ((0.5,), (0.75, 1.0))]
    swapped = [(new, old) for old, new in pairs]

    assert stratified_p(pairs, side="gain") == stratified_p(swapped)


def test_a_case_without_a_score_in_an_arm_is_refused() -> None:
    with pytest.raises(ValueError, match="needs scores in both arms"):
        stratified_p([((1.0,), ())])


@given(st.lists(st.tuples(binary, binary), min_size=1, max_size=8), st.randoms())
@settings(max_examples=30, deadline=None)
def test_order_of_cases_and_trials_does_not_change_a_digit(
    pairs: Pairs, random: Random
) -> None:
    shuffled = [
        (random.sample(old, len(old)), random.sample(new, len(new)))
        for old, new in random.sample(pairs, len(pairs))
    ]

    assert stratified_p(shuffled) == stratified_p(pairs)


@given(st.lists(st.tuples(graded, graded), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_one_worse_score_in_the_new_arm_never_raises_p(pairs: Pairs) -> None:
    (old, new), *rest = pairs
    worse = [(old, (0.0, *new[1:])), *rest]

    assert stratified_p(worse) <= stratified_p(pairs) + 1e-12
    assert stratified_p(worse, mid=True) <= stratified_p(pairs, mid=True) + 1e-12


def test_a_case_that_one_score_fits_never_changes_p() -> None:
    pairs: Pairs = [((1.0, 1.0, 1.0), (0.0, 1.0, 0.0)), ((1.0, 0.0), (0.0, 0.0))]
    settled: Pairs = [((1.0,) * 3, (1.0,) * 3), ((0.25,) * 3, (0.25,) * 3)]

    assert stratified_p([*pairs, *settled]) == stratified_p(pairs)


def test_a_large_suite_on_the_finest_grid_agrees_with_the_normal_law() -> None:
    random = Random(0)
    pairs = [
        tuple(tuple(random.randrange(1001) / 1000 for _ in range(3)) for _ in range(2))
        for _ in range(110)
    ]
    shift = sum(sum(new) - sum(old) for old, new in pairs) / 3
    spread = math.sqrt(sum(_variance_of_difference((*old, *new)) for old, new in pairs))
    normal = 0.5 * math.erfc(-shift / spread / math.sqrt(2))

    p = stratified_p(pairs)  # type: ignore[arg-type]

    assert p == pytest.approx(normal, abs=0.004)


def _variance_of_difference(pooled: tuple[float, ...]) -> float:
    mean = sum(pooled) / 6
    variance = sum((x - mean) ** 2 for x in pooled) / 5
    return 4 * variance / 3 * (1 - 3 / 6)


def test_weights_of_very_different_size_stay_affordable() -> None:
    pairs: Pairs = [((1.0,), (0.0,)), ((1.0,), (0.0,)), ((0.0,), (1.0,))]

    p = stratified_p(pairs, weights=[1e9, 1e9, 0.001])

    assert p == 0.25


def test_counts_cut_to_fewer_bits_still_give_the_tail() -> None:
    fair = [((0, 1), (1, 1))] * 400
    expected = sum(math.comb(400, i) for i in range(181)) / 2**400

    at_most, exactly = lower_tail(fair, 180)

    assert at_most == pytest.approx(expected, rel=1e-12)
    assert exactly == pytest.approx(math.comb(400, 180) / 2**400, rel=1e-12)


@pytest.mark.parametrize(
    ("weights", "whole"),
    [
        (None, [1, 1, 1]),
        ([1.0, 2.0, 0.5], [2, 4, 1]),
        ([0.125, 0.25, 1.0], [1, 2, 8]),
        ([1e-9, 2e-9, 2e-9], [1, 2, 2]),
        ([1 / 3, 1.0, 1.0], [333, 1000, 1000]),
    ],
)
def test_weights_become_whole_numbers(
    weights: list[float] | None, whole: list[int]
) -> None:
    assert integer_weights(weights, 3) == whole


def test_weights_for_other_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="2 weights for 3 cases"):
        integer_weights([1.0, 1.0], 3)
