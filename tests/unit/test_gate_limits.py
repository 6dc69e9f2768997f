"""Limits on parts of the scores: read, held against, refused."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.baseline import BaselineCase
from pytest_promptopt.errors import SettingError
from pytest_promptopt.gate.comparison import Pair
from pytest_promptopt.gate.limits import check_limit, check_limits, read_limit
from pytest_promptopt.records import Case, LimitCheck, Score, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence


def pair(
    i: int,
    old: Sequence[float],
    new: Sequence[float],
    *,
    part: str = "tokens",
    weight: float = 1.0,
) -> Pair:
    """A case whose replies have these measures in the two arms."""
    case = Case(id=f"c{i}", inputs={}, expected="yes", weight=weight)

    def replies(values: Sequence[float]) -> tuple[Trial, ...]:
        score = Score(value=1.0)
        return tuple(Trial(score=score, measures={part: x}) for x in values)

    return Pair(
        case=case,
        recorded=BaselineCase(
            id=case.id,
            hash=case.hash,
            values=(1.0,),
            must_pass=case.must_pass,
            weight=case.weight,
        ),
        old=(1.0,),
        new=(1.0,),
        old_trials=replies(old),
        new_trials=replies(new),
    )


def checked(pairs: Sequence[Pair], limit: str, part: str = "tokens") -> LimitCheck:
    (check,) = check_limits(pairs, {part: limit}, held_against=0.025)
    return check


@pytest.mark.parametrize(
    ("text", "was", "bound"),
    [
        ("+10%", 200.0, 220.0),
        ("+50", 200.0, 250.0),
        ("+0.5", 1.0, 1.5),
        ("-2%", 1.0, 0.98),
        ("-0.02", 1.0, 0.98),
        ("-.02", 1.0, 0.98),
        ("<=400", 7.0, 400.0),
        (">=0.9", 7.0, 0.9),
        (" <= 400 ", 7.0, 400.0),
        ("+0%", 200.0, 200.0),
    ],
)
def test_a_limit_is_kept_up_to_its_bound_and_exceeded_beyond(
    text: str, was: float, bound: float
) -> None:
    limit = read_limit(text)
    worse = 1.0 if limit.side == "most" else -1.0

    assert limit.excess(was, bound) == 0.0
    assert limit.excess(was, bound + worse) == pytest.approx(1.0)
    assert limit.excess(was, bound - worse) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (
            "10%",
            "limit '10%' cannot be read",
            'put a sign before it: "+10%" or "-10%"',
        ),
        (
            "400",
            "limit '400' cannot be read",
            'put a sign before it: "+400" or "-400", or write "<=400"',
        ),
        ("<400", "limit '<400' cannot be read", 'write "<=400"'),
        ("=>0.9", "limit '=>0.9' cannot be read", 'write ">=0.9"'),
        (
            ">=400",
            "limit '>=400' asks an amount to be large",
            '">=" is for parts between 0 and 1; write "-20%" to compare with the'
            " baseline",
        ),
        (
            ">=90%",
            "limit '>=90%' bounds the mean itself, which is no percentage",
            'write ">=0.9" for the mean itself, or "+90%" or "-90%" to compare with'
            " the baseline",
        ),
        (
            "-100%",
            "limit '-100%' could never be exceeded",
            'write less than 100 %, for example "-5%"',
        ),
        (
            "no more",
            "limit 'no more' cannot be read",
            'write "+10%" or "+50" for what it may rise by, "-2%" or "-0.02" for what'
            ' it may fall by, "<=400" or ">=0.9" for the mean itself',
        ),
    ],
)
def test_what_is_no_limit_is_refused_with_what_was_probably_meant(
    text: str, problem: str, hint: str
) -> None:
    with pytest.raises(SettingError) as caught:
        check_limit(text)

    assert (caught.value.problem, caught.value.hint) == (problem, hint)


@pytest.mark.parametrize("text", ["", "+", "%", "+-3", "+1e3", "+inf", "+nan", "+1_0"])
def test_half_a_limit_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        check_limit(text)


def test_a_mean_far_beyond_its_limit_exceeds_it() -> None:
    pairs = [pair(i, [100, 110, 90], [130, 150, 125]) for i in range(8)]

    check = checked(pairs, "+10%")

    assert check == LimitCheck(
        part="tokens",
        limit="+10%",
        was=100.0,
        now=135.0,
        p_value=2**-8,
        held_against=0.025,
        state="exceeded",
    )


def test_a_limit_reached_but_not_passed_is_kept() -> None:
    pairs = [pair(i, [100.0], [110.0]) for i in range(20)]

    check = checked(pairs, "+10%")

    assert (check.state, check.p_value) == ("kept", 1.0)


def test_a_few_cases_beyond_the_limit_are_unclear() -> None:
    pairs = [pair(i, [100.0], [200.0]) for i in range(4)]

    check = checked(pairs, "+10%")

    assert (check.state, check.p_value) == ("unclear", 2**-4)


def test_a_part_that_falls_is_held_against_a_limit_downwards() -> None:
    fallen = [pair(i, [1.0, 1.0], [0.0, 1.0], part="format") for i in range(10)]
    risen = [pair(i, [0.0, 1.0], [1.0, 1.0], part="format") for i in range(10)]

    assert checked(fallen, "-2%", "format").state == "exceeded"
    assert checked(risen, "-2%", "format").state == "kept"


def test_a_bound_on_the_mean_itself_does_not_look_at_the_baseline() -> None:
    pairs = [pair(i, [900.0], [450.0 + i]) for i in range(10)]

    assert checked(pairs, "<=400").state == "exceeded"
    assert checked(pairs, "<=500").state == "kept"


def test_heavy_cases_count_for_more() -> None:
    light = [pair(i, [100.0], [90.0]) for i in range(10)]
    heavy = [pair(i, [100.0], [150.0], weight=50.0) for i in range(10, 20)]

    check = checked([*light, *heavy], "+10%")

    assert check.state == "exceeded"
    assert check.now == pytest.approx((90 + 50 * 150) / 51)


def test_several_limits_are_checked_in_the_order_given() -> None:
    pairs = [
        pair(0, [9.0], [9.0]),
        pair(1, [2.0], [1.0], part="latency"),
        pair(2, [1.0], [1.0], part="format"),
    ]
    limits = {"tokens": "+10%", "format": ">=0.9", "latency": "+0.5"}

    checks = check_limits(pairs, limits, held_against=0.025)

    assert [check.part for check in checks] == ["tokens", "format", "latency"]


def test_cases_without_the_part_in_both_arms_are_left_out() -> None:
    pairs = [
        *(pair(i, [100.0], [200.0]) for i in range(8)),
        pair(8, [], [9000.0]),
        pair(9, [9000.0], []),
    ]

    check = checked(pairs, "+10%")

    assert (check.was, check.now) == (100.0, 200.0)


def test_no_pair_gives_no_check() -> None:
    assert check_limits([], {"tokens": "+10%"}, held_against=0.025) == ()


@pytest.mark.parametrize(
    ("part", "has", "message"),
    [
        (
            "formt",
            "format",
            "limits: no case has a part 'formt' in both arms; the parts known are"
            " 'format'\n  hint: did you mean 'format'?",
        ),
        (
            "cost",
            "tokens",
            "limits: no case has a part 'cost' in both arms; the parts known are"
            " 'tokens'\n  hint: add the model's prices:"
            ' [tool.promptopt.prices."openai:gpt-5-mini"]',
        ),
        (
            "tokens",
            "length",
            "limits: no case has a part 'tokens' in both arms; the parts known are"
            " 'length'\n  hint: limit 'length' instead: the provider reports no token"
            " usage",
        ),
    ],
)
def test_a_part_that_no_case_has_is_refused_with_the_known_ones(
    part: str, has: str, message: str
) -> None:
    with pytest.raises(SettingError) as caught:
        checked([pair(0, [1.0], [1.0], part=has)], "+10%", part)

    assert str(caught.value) == message


def test_a_part_of_one_arm_only_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        checked([pair(0, [], [1.0], part="format")], "-2%", "format")

    assert caught.value.hint == (
        "let the body return the part for every reply of both arms"
    )


def test_replies_without_any_measure_name_none() -> None:
    with pytest.raises(SettingError) as caught:
        checked([pair(0, [], [])], "-2%", "format")

    assert caught.value.problem == (
        "limits: no case has a part 'format' in both arms; the parts known are none"
    )
    assert caught.value.hint == (
        'let the body return Score(value, parts={"NAME": share})'
    )


MEASURES = st.lists(
    st.tuples(
        st.lists(st.integers(0, 4000), min_size=1, max_size=3),
        st.lists(st.integers(0, 4000), min_size=1, max_size=3),
        st.sampled_from([1.0, 0.5, 3.0]),
    ),
    min_size=1,
    max_size=12,
)
FORMS = st.sampled_from(["+10%", "+50", "-2%", "-20", "<=400", ">=0.9"])


@settings(max_examples=25, deadline=None)
@given(MEASURES, FORMS, st.randoms(use_true_random=False))
def test_a_check_does_not_depend_on_the_order_of_cases_and_trials(
    rows: list[tuple[list[int], list[int], float]], form: str, draw: random.Random
) -> None:
    pairs = [pair(i, old, new, weight=w) for i, (old, new, w) in enumerate(rows)]
    mixed = [
        pair(i, draw.sample(old, len(old)), draw.sample(new, len(new)), weight=w)
        for i, (old, new, w) in enumerate(rows)
    ]
    draw.shuffle(mixed)

    assert checked(pairs, form) == checked(mixed, form)


@settings(max_examples=25, deadline=None)
@given(MEASURES, FORMS)
def test_a_check_is_exceeded_only_where_the_mean_shown_is_beyond_the_limit(
    rows: list[tuple[list[int], list[int], float]], form: str
) -> None:
    pairs = [pair(i, old, new, weight=w) for i, (old, new, w) in enumerate(rows)]

    check = checked(pairs, form)

    if check.state != "kept":
        assert read_limit(form).excess(check.was, check.now) > 0


@settings(max_examples=25, deadline=None)
@given(MEASURES)
def test_of_two_arms_one_at_most_exceeds_the_other(
    rows: list[tuple[list[int], list[int], float]],
) -> None:
    there = [pair(i, old, new, weight=w) for i, (old, new, w) in enumerate(rows)]
    back = [pair(i, new, old, weight=w) for i, (old, new, w) in enumerate(rows)]

    states = {checked(there, "+0%").state, checked(back, "+0%").state}

    assert "kept" in states


def test_skewed_counts_of_tokens_raise_no_more_alarms_than_promised() -> None:
    draw = random.Random(7)

    def replies(level: float) -> list[float]:
        return [round(level * draw.lognormvariate(0, 1.2)) for _ in range(3)]

    alarms = 0
    for _ in range(300):
        levels = [draw.lognormvariate(4, 1) for _ in range(12)]
        pairs = [pair(i, replies(x), replies(x)) for i, x in enumerate(levels)]
        (check,) = check_limits(pairs, {"tokens": "+0%"}, held_against=0.05)
        alarms += check.state == "exceeded"

    assert alarms <= 24  # 15 expected; above 24 with a chance of 1 %
