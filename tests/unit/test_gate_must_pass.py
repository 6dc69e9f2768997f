"""Cases that alone can fail the build: retried, counted in the suite's error rate."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import pytest
from gate_suites import arm, judged, record, recorded, suite, trials

from pytest_promptopt.gate import (
    Terms,
    doubtful_must_pass,
    doubtful_still,
    unsteady_must_pass,
    with_retrials,
)
from pytest_promptopt.gate.must_pass import SHARE, chance_bound, limits_of_rounds

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
    """The verdict on a suite whose case c0 failed at the only look, k = 2.

    Its fresh trials so far are ``old`` and ``new``: 5 after one round, 10 after two.
    """
    cases = suite(n, must_pass=range(must_pass))
    looks = (arm(cases, k=2), {**arm(cases, k=2), "c0": trials(*seen)})
    verdict = judged(cases, record(cases), *looks, terms, look=1)
    return with_retrials(
        verdict,
        cases[:1],
        {"c0": trials(*old)},
        {"c0": trials(*new)},
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
        " with the baseline's prompt): chance alone does that at most once in 16,000"
        " runs, limit once in 1,000 runs"
    )


def test_a_must_pass_case_that_holds_when_retried_does_not_fail() -> None:
    verdict = retried(ALL_RIGHT, (0.0, 0.0, 1.0, 1.0, 1.0), seen=(0.0, 1.0))

    assert (verdict.outcome, verdict.broken) == ("pass", ())
    assert verdict.message == (
        "no drop of 2.0 points or more: 99.8% against the baseline's 100.0% (200"
        " cases, 2 trials each); must_pass case 'c0' wrong at first, but not in most of"
        " 5 fresh trials"
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
        " once in 11 runs, limit once in 1,000 runs; see the replies"
    )
    assert verdict.undecided == ("c0",)


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


@pytest.mark.parametrize(
    ("hypotheses", "must_pass", "rounds"),
    [(1, 1, 1), (16, 1, 1), (17, 1, 2), (50, 20, 2), (200, 200, 2)],
)
def test_a_case_that_is_always_wrong_now_fails_the_build_in_a_suite_of_any_size(
    hypotheses: int, must_pass: int, rounds: int
) -> None:
    terms = Terms(hypotheses=hypotheses)

    first = retried(ALL_RIGHT, ALL_WRONG, must_pass=must_pass, terms=terms)
    both = retried(ALL_RIGHT * 2, ALL_WRONG * 2, must_pass=must_pass, terms=terms)

    assert (both.outcome, both.cause, both.broken) == ("fail", "must_pass", ("c0",))
    assert (first.outcome == "fail") == (rounds == 1)
    assert [case.id for case in doubtful_still(first, suite(2))] == (
        ["c0"] if rounds == 2 else []
    )


@pytest.mark.parametrize(
    ("wrong", "old_wrong", "outcome"),
    [
        (10, 0, "fail"),
        (7, 0, "fail"),
        (6, 0, "inconclusive"),
        (5, 0, "pass"),
        (10, 4, "inconclusive"),
        (10, 6, "pass"),
    ],
    ids=[
        "always wrong",
        "mostly wrong",
        "chance may do that",
        "wrong half the time",
        "also wrong before, at times",
        "also wrong before, mostly",
    ],
)
def test_most_of_ten_fresh_trials_decide_after_a_second_round(
    wrong: int, old_wrong: int, outcome: str
) -> None:
    new = (0.0,) * wrong + (1.0,) * (10 - wrong)
    old = (0.0,) * old_wrong + (1.0,) * (10 - old_wrong)

    verdict = retried(old, new, terms=Terms(hypotheses=10))

    assert verdict.outcome == outcome


def test_only_an_undecided_case_is_retried_again() -> None:
    cases = suite(200, must_pass=[0, 1])
    looks = (arm(cases, k=2), arm(cases, [0, 1], k=2))
    verdict = judged(cases, record(cases), *looks, look=1)
    old = {"c0": trials(*ALL_RIGHT), "c1": trials(*ALL_RIGHT)}
    new = {"c0": trials(0.0, 0.0, 0.0, 1.0, 1.0), "c1": trials(0.0, 1.0, 1.0, 1.0, 1.0)}

    first = with_retrials(verdict, cases[:2], old, new, looks=looks)
    again = doubtful_still(first, cases[:2])
    old["c0"] += trials(*ALL_RIGHT)
    new["c0"] += trials(0.0, *ALL_RIGHT[1:])
    last = with_retrials(verdict, cases[:2], old, new, looks=looks)

    assert [case.id for case in again] == ["c0"]
    assert (last.outcome, last.undecided) == (verdict.outcome, ())
    assert last.message.endswith(
        "; must_pass cases 'c0', 'c1' wrong at first, but not in most of 10 fresh"
        " trials"
    )
    assert doubtful_still(last, cases[:2]) == ()


def test_cases_that_can_fail_alone_share_the_limit_and_no_others_do() -> None:
    odds = (0.0, 0.0, 0.0, 0.0, 1.0)
    cases = suite(200, must_pass=range(20))
    values = {case.id: (1.0, 0.0, 1.0) for case in cases} | {"c0": (1.0, 1.0, 1.0)}
    looks = (arm(cases, k=2), arm(cases, [0], k=2))
    alone = judged(cases, recorded(cases, values), *looks, look=1)

    few = with_retrials(
        alone,
        cases[:1],
        {"c0": trials(*ALL_RIGHT)},
        {"c0": trials(*odds)},
        looks=looks,
    )
    many = retried(ALL_RIGHT, odds, must_pass=20)

    assert (alone.vital, few.outcome) == (1, "fail")
    assert (many.vital, many.outcome) == (20, "inconclusive")


def test_the_rounds_and_the_cases_together_have_no_more_than_their_share() -> None:
    limits = limits_of_rounds(20, alpha=0.05, hypotheses=7)

    assert sum(limits) * 2 * 7 * 20 == pytest.approx(0.05 * SHARE)
    assert len(limits) == 2


def test_must_pass_cases_without_a_steady_record_are_named() -> None:
    before = suite(6, must_pass=[0, 1, 2, 3])
    values = {case.id: (1.0,) * 3 for case in before}
    base = recorded(before, values | {"c0": (1.0, 0.0, 1.0), "c2": (1.0, 1.0)})
    new = suite(8, must_pass=[7])[7:]

    assert unsteady_must_pass((*before[::-1], *new), base) == ("c0", "c2")
    assert unsteady_must_pass(suite(6), base) == ()


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
        looks=looks,
    )

    assert (found.outcome, found.cause) == ("fail", "worse")
    assert (found.message, found.broken) == (verdict.message, ("c0",))


def test_an_error_and_a_suite_without_doubtful_cases_stay_as_they_are() -> None:
    cases = suite(4, must_pass=[0])
    looks = (arm(cases), arm(cases))
    failed = judged(cases, record(cases), arm(cases), {})
    passed = judged(cases, record(cases), *looks)

    assert with_retrials(failed, cases[:1], {}, {}, looks=looks) == failed
    assert with_retrials(passed, (), {}, {}, looks=looks) == passed


def test_a_doubtful_case_that_was_not_retried_does_not_pass() -> None:
    cases = suite(200, must_pass=[0])
    looks = (arm(cases, k=2), arm(cases, [0], k=2))
    verdict = judged(cases, record(cases), *looks, look=1)

    found = with_retrials(verdict, cases[:1], {}, {}, looks=looks)

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
        return sum(
            binomial(a, new[1]) * binomial(b, old[1])
            for a in range(new[1] + 1)
            for b in range(old[1] + 1)
            if a / new[1] - b / old[1] >= seen - 1e-12
        )

    bound = chance_bound(old, new)

    assert all(chance(i / 97) <= bound * (1 + 1e-4) for i in range(98))
    assert max(chance(i / 970) for i in range(971)) == pytest.approx(bound, rel=1e-3)
