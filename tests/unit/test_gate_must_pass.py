"""Cases that alone can fail the build: retried, counted in the suite's error rate."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import pytest
from gate_suites import arm, judged, record, recorded, suite, trials

from pytest_promptopt.gate import Terms, doubtful_must_pass, with_retrials
from pytest_promptopt.gate.must_pass import SHARE, chance_bound

if TYPE_CHECKING:
    from pytest_promptopt.records import Verdict

ALL_RIGHT, ALL_WRONG = (1.0,) * 5, (0.0,) * 5


def retried(
    old: tuple[float | None, ...],
    new: tuple[float | None, ...],
    *,
    n: int = 200,
    must_pass: int = 1,
    terms: Terms | None = None,
    seen: tuple[float, ...] = (0.0, 0.0),
) -> Verdict:
    """The verdict on a suite whose case c0 failed at the only look, k = 2."""
    cases = suite(n, must_pass=range(must_pass))
    looks = (arm(cases, k=2), {**arm(cases, k=2), "c0": trials(*seen)})
    verdict = judged(cases, record(cases), *looks, terms, look=1)
    return with_retrials(
        verdict,
        cases[:1],
        {"c0": trials(*old)},
        {"c0": trials(*new)},
        suite=cases,
        looks=looks,
    )


@pytest.mark.parametrize(
    ("values", "old", "new", "doubtful"),
    [
        ((1.0, 1.0, 1.0), (1.0, 1.0), (0.0, 1.0), ["c0"]),
        ((1.0, 1.0, 1.0), (0.0, 0.0), (0.9, 1.0), ["c0"]),
        ((1.0, 1.0, 1.0), (0.0, 0.0), (1.0, 1.0), []),
        ((1.0, 0.0, 1.0), (1.0, 1.0), (0.0, 0.0), []),
        ((1.0, 1.0), (1.0, 1.0), (0.0, 0.0), []),
        ((1.0, 1.0, 1.0), (1.0, 1.0), (None, None), []),
    ],
    ids=[
        "one failure",
        "not fully right",
        "right in the edited arm",
        "not always right in the baseline",
        "recorded too seldom",
        "no reply",
    ],
)
def test_a_must_pass_case_is_retried_after_a_first_failure(
    values: tuple[float, ...],
    old: tuple[float, ...],
    new: tuple[float | None, ...],
    doubtful: list[str],
) -> None:
    cases = suite(10, must_pass=[0, 1])
    base = recorded(cases, {**{case.id: (1.0,) * 3 for case in cases}, "c0": values})

    found = doubtful_must_pass(
        cases,
        base,
        {**arm(cases), "c0": trials(*old)},
        {**arm(cases, [5]), "c0": trials(*new)},
    )

    assert [case.id for case in found] == doubtful


def test_a_first_failure_alone_does_not_fail() -> None:
    cases = suite(200, must_pass=[0])

    verdict = judged(cases, record(cases), arm(cases), arm(cases, [0]), look=1)

    assert verdict.outcome == "pass"


def test_a_broken_must_pass_case_fails_alone() -> None:
    verdict = retried(ALL_RIGHT, ALL_WRONG)

    assert (verdict.outcome, verdict.cause) == ("fail", "must_pass")
    assert verdict.broken == ("c0",)
    assert verdict.message == (
        "the edited prompt breaks must_pass case 'c0' (5 of 5 fresh trials fail, 0 of 5"
        " with the baseline's prompt): chance alone does that at most once in 100,000"
        " runs, limit once in 200 runs"
    )


def test_a_must_pass_case_that_holds_when_retried_does_not_fail() -> None:
    verdict = retried(ALL_RIGHT, (0.0, 0.0, 1.0, 1.0, 1.0), seen=(0.0, 1.0))

    assert (verdict.outcome, verdict.broken) == ("pass", ())
    assert verdict.message == (
        "no drop of 2.0 points or more: 99.8% against the baseline's 100.0% (200"
        " cases, 2 trials each); must_pass case 'c0' wrong at first, right in most of 5"
        " fresh trials"
    )


def test_what_the_baselines_prompt_gets_wrong_as_well_is_not_the_edits_doing() -> None:
    verdict = retried((0.0, 0.0, 0.0, 1.0, 1.0), ALL_WRONG)

    assert verdict.outcome == "pass"
    assert verdict.message.endswith(
        "; must_pass case 'c0' now wrong with the baseline's prompt too: not the edit's"
        " doing"
    )


def test_three_of_five_failures_that_luck_explains_are_inconclusive() -> None:
    verdict = retried(
        (1.0, 1.0, 1.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0, 1.0), seen=(0.0, 1.0)
    )

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "must_pass")
    assert verdict.broken == ()
    assert verdict.message == (
        "cannot tell whether the edited prompt breaks must_pass case 'c0' (3 of 5 fresh"
        " trials fail, 1 of 5 with the baseline's prompt): chance alone may do that"
        " once in 40 runs, limit once in 200 runs; see the replies"
    )


def test_missing_retrials_that_could_decide_are_inconclusive() -> None:
    verdict = retried(ALL_RIGHT, (0.0, 0.0, 1.0, 1.0, None))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "must_pass")
    assert verdict.message == (
        "cannot tell whether the edited prompt breaks must_pass case 'c0' (2 of 4 fresh"
        " trials fail, 0 of 5 with the baseline's prompt): replies are missing that"
        " would decide it; run it again"
    )


def test_without_a_reply_of_the_baselines_prompt_nothing_is_decided() -> None:
    verdict = retried((None,) * 5, ALL_WRONG)

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "must_pass")


def test_a_case_broken_for_good_is_caught_in_the_largest_suite() -> None:
    verdict = retried(ALL_RIGHT, ALL_WRONG, must_pass=10, terms=Terms(hypotheses=50))

    assert (verdict.outcome, verdict.cause) == ("fail", "must_pass")


def test_more_cases_that_can_fail_alone_share_the_limit() -> None:
    odds = (0.0, 0.0, 0.0, 0.0, 1.0)

    few = retried(ALL_RIGHT, odds, must_pass=1, terms=Terms(hypotheses=10))
    many = retried(ALL_RIGHT, odds, must_pass=20, terms=Terms(hypotheses=10))

    assert (few.outcome, many.outcome) == ("fail", "inconclusive")


def test_must_pass_cases_take_their_share_of_the_error_rate_from_the_others() -> None:
    cases = suite(20, must_pass=[0])
    never = recorded(cases, {case.id: (1.0, 0.0, 1.0) for case in cases})

    some = judged(cases, record(cases), arm(cases), arm(cases))
    none = judged(cases, never, arm(cases), arm(cases))

    assert some.limit == pytest.approx(0.025 * (1 - SHARE))
    assert none.limit == 0.025


def test_a_prompt_that_is_worse_anyway_keeps_its_message_and_names_the_case() -> None:
    cases = suite(40, must_pass=[0])
    looks = (arm(cases), arm(cases, range(9)))
    verdict = judged(cases, record(cases), *looks)

    found = with_retrials(
        verdict,
        cases[:1],
        {"c0": trials(*ALL_RIGHT)},
        {"c0": trials(*ALL_WRONG)},
        suite=cases,
        looks=looks,
    )

    assert (found.outcome, found.cause) == ("fail", "worse")
    assert (found.message, found.broken) == (verdict.message, ("c0",))


def test_an_error_and_a_suite_without_doubtful_cases_stay_as_they_are() -> None:
    cases = suite(4, must_pass=[0])
    looks = (arm(cases), arm(cases))
    failed = judged(cases, record(cases), arm(cases), {})
    passed = judged(cases, record(cases), *looks)

    assert with_retrials(failed, cases[:1], {}, {}, suite=cases, looks=looks) == failed
    assert with_retrials(passed, (), {}, {}, suite=cases, looks=looks) == passed


def test_a_doubtful_case_that_was_not_retried_does_not_pass() -> None:
    cases = suite(200, must_pass=[0])
    looks = (arm(cases, k=2), arm(cases, [0], k=2))
    verdict = judged(cases, record(cases), *looks, look=1)

    found = with_retrials(verdict, cases[:1], {}, {}, suite=cases, looks=looks)

    assert verdict.outcome == "pass"
    assert (found.outcome, found.cause) == ("inconclusive", "must_pass")


@pytest.mark.parametrize(
    ("old", "new"), [((0, 7), (7, 7)), ((1, 9), (6, 9)), ((0, 5), (3, 4))]
)
def test_the_bound_is_above_the_chance_at_every_probability_of_failing(
    old: tuple[int, int], new: tuple[int, int]
) -> None:
    def chance(x: float) -> float:
        def binomial(hits: int, n: int) -> float:
            return comb(n, hits) * x**hits * (1 - x) ** (n - hits)

        seen = new[0] / new[1] - old[0] / old[1]
        return (1 - x) ** 3 * sum(
            binomial(a, new[1]) * binomial(b, old[1])
            for a in range(new[1] + 1)
            for b in range(old[1] + 1)
            if a / new[1] - b / old[1] >= seen - 1e-12
        )

    bound = chance_bound(old, new)

    assert all(chance(i / 97) <= bound * (1 + 1e-4) for i in range(98))
    assert max(chance(i / 970) for i in range(971)) == pytest.approx(bound, rel=1e-3)
