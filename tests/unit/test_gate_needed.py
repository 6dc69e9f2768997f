"""What would settle a comparison: numbers with which the gate then decides."""

from __future__ import annotations

from random import Random

import pytest
from gate_suites import arm, judged, record, suite, trials
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.gate import (
    LOOKS,
    Comparison,
    compare,
    judge_edited,
    trials_per_look,
    what_settles,
)
from pytest_promptopt.gate.needed import spread
from pytest_promptopt.gate.terms import Terms
from pytest_promptopt.records import Case, Needed, Trials, Verdict

TERMS = Terms()
LIMIT, TOLERANCE = TERMS.limit, TERMS.tolerance


def settling(compared: Comparison, **given: float) -> Needed | None:
    return what_settles(compared, limit=LIMIT, tolerance=TOLERANCE, **given)


def replies(
    cases: tuple[Case, ...], chances: list[float], k: int, random: Random
) -> Trials:
    return {
        case.id: trials(*[float(random.random() < chance) for _ in range(k)])
        for case, chance in zip(cases, chances, strict=True)
    }


def compared_at(
    old: list[float], new: list[float], k: int, random: Random
) -> tuple[Comparison, Verdict]:
    """Compare prompts with these chances of a right reply, at the last look."""
    cases = suite(len(old))
    baseline = record(cases)
    before, after = (replies(cases, chances, k, random) for chances in (old, new))
    verdict = judge_edited(cases, baseline, before, after, TERMS, look=LOOKS)
    return compare(cases, baseline, before, after), verdict


def broken(n: int, drop: float, random: Random, good: float) -> list[float]:
    """Return chances that are ``good`` but for a few cases, which never come right."""
    wrong = set(random.sample(range(n), round(drop * n / good)))
    return [0.0 if index in wrong else good for index in range(n)]


def undecided(n: int, drop: float, good: float) -> list[Comparison]:
    """Return comparisons that two looks left open, of drops of about this size."""
    found = []
    for seed in range(150):
        random = Random(seed)
        k = LOOKS * trials_per_look(n)
        compared, verdict = compared_at(
            [good] * n, broken(n, drop, random, good), k, random
        )
        if verdict.outcome == "inconclusive" and compared.drop > TOLERANCE:
            found.append(compared)
        if len(found) == 20:
            return found
    raise AssertionError("too few runs were left open")


def decided(verdicts: list[Verdict]) -> float:
    return sum(found.outcome in ("fail", "pass") for found in verdicts) / len(verdicts)


@pytest.mark.parametrize(
    ("n", "drop", "good"), [(30, 0.08, 0.9), (60, 0.05, 0.8), (120, 0.04, 0.8)]
)
def test_with_the_cases_it_names_the_gate_mostly_decides(
    n: int, drop: float, good: float
) -> None:
    verdicts, random = [], Random(7)
    for compared in undecided(n, drop, good):
        told = settling(compared)
        assert told is not None
        if told.cases is None or told.cases > 1500:
            continue
        assert told.cases > n
        worse = broken(told.cases, compared.drop, random, good)
        k = LOOKS * trials_per_look(told.cases)
        verdicts.append(compared_at([good] * told.cases, worse, k, random)[1])

    assert len(verdicts) > 7
    assert decided(verdicts) >= 0.7


def test_with_the_trials_it_names_the_gate_mostly_decides() -> None:
    n, good = 120, 0.6
    verdicts, random = [], Random(7)
    for compared in undecided(n, 0.04, good):
        told = settling(compared)
        if told is None or told.trials is None:
            continue
        assert told.trials > compared.trials
        worse = broken(n, compared.drop, random, good)
        verdicts.append(compared_at([good] * n, worse, told.trials, random)[1])

    assert len(verdicts) > 7
    assert decided(verdicts) >= 0.7


def test_a_tenth_of_the_cases_named_would_not_do() -> None:
    random = Random(3)
    verdicts = []
    for compared in undecided(120, 0.04, 0.8):
        told = settling(compared)
        assert told is not None
        if told.cases is not None and told.cases <= 1500:
            fewer = max(20, told.cases // 10)
            worse = broken(fewer, compared.drop, random, 0.8)
            k = LOOKS * trials_per_look(fewer)
            verdicts.append(compared_at([0.8] * fewer, worse, k, random)[1])

    assert sum(found.outcome == "fail" for found in verdicts) < len(verdicts) / 2


def test_no_number_of_trials_helps_where_cases_move_both_ways() -> None:
    cases = suite(60)
    up, down = range(8), range(8, 18)
    old = {**arm(cases), **arm(cases[:8], range(8))}
    new = arm(cases, down)
    baseline = record(cases, up)

    verdict = judged(cases, baseline, old, new)
    told = settling(compare(cases, baseline, old, new))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "unclear")
    assert told is not None
    assert told.trials is None
    assert told.cases is not None
    assert told.cases > 300


def test_two_cases_of_a_deterministic_model_need_others_and_not_more_trials() -> None:
    cases = suite(20)
    baseline = record(cases)

    told = settling(compare(cases, baseline, arm(cases), arm(cases, [4, 5])))

    assert told is not None
    assert told.trials is None
    assert told.cases is not None
    assert 30 <= told.cases <= 60


def test_nothing_helps_between_half_the_tolerance_and_the_tolerance() -> None:
    cases = suite(400)

    told = settling(compare(cases, record(cases), arm(cases), arm(cases, range(6))))

    assert told == Needed(cases=None, trials=None)


def test_a_gain_is_nothing_to_be_settled() -> None:
    cases = suite(20)

    assert settling(compare(cases, record(cases), arm(cases, [1]), arm(cases))) is None


def test_calls_and_cost_are_those_of_both_arms() -> None:
    compared = undecided(30, 0.08, 0.9)[0]
    told = settling(compared, calls_per_trial=2.0, cost_per_call=0.001)

    assert told is not None
    assert told.cases is not None
    each = LOOKS * trials_per_look(told.cases)
    assert told.cases_calls == told.cases * each * 2 * 2
    assert told.cases_cost == pytest.approx(told.cases_calls * 0.001)
    assert settling(compared) == Needed(
        cases=told.cases,
        trials=told.trials,
        cases_calls=told.cases_calls // 2,
        trials_calls=told.trials_calls // 2,
    )


def test_what_the_replies_stray_by_is_not_taken_for_the_cases_own() -> None:
    random = Random(5)
    compared, _ = compared_at([0.8] * 2000, [0.7] * 2000, 6, random)

    found = spread(compared)

    assert found.within == pytest.approx((0.16 + 0.21) / 2, rel=0.05)
    assert found.between == pytest.approx(0.1**2, abs=0.01)


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from((0.0, 0.5, 1.0)), min_size=2, max_size=4),
            st.lists(st.sampled_from((0.0, 0.5, 1.0)), min_size=2, max_size=4),
            st.sampled_from((0.5, 1.0, 3.0)),
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_was_seen_more_is_named_than_there_is(
    rows: list[tuple[list[float], list[float], float]],
) -> None:
    cases = suite(len(rows), weights=[weight for *_, weight in rows])
    asked = list(zip(cases, rows, strict=True))
    old = {case.id: trials(*scores) for case, (scores, _, _) in asked}
    new = {case.id: trials(*scores) for case, (_, scores, _) in asked}
    compared = compare(cases, record(cases), old, new)

    told = settling(compared)

    assert (told is None) == (compared.drop <= 0)
    if told is not None:
        assert told.cases is None or told.cases > len(cases)
        assert told.trials is None or told.trials > compared.trials
