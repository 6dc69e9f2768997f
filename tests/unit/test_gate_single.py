"""What the gate says without an edited arm: drift, carry-over, no baseline."""

from __future__ import annotations

import pytest
from gate_suites import arm, record, recorded, suite

from pytest_promptopt.gate import error, judge_alone, judge_unchanged, judge_unedited
from pytest_promptopt.records import Score, Trial, Verdict


def test_an_unedited_prompt_that_scores_as_recorded_passes() -> None:
    cases = suite(20)

    verdict = judge_unedited(cases, record(cases, [2]), arm(cases, [2], k=1))

    assert (verdict.outcome, verdict.cause) == ("pass", "same")
    assert verdict.message == (
        "the requests are those of 2026-01-31: 95.0% where the baseline has 95.0%"
        " (20 cases, 1 trial each)"
    )


def test_an_unedited_prompt_that_scores_worse_is_drift_and_never_fails() -> None:
    cases = suite(20, must_pass=[0])

    verdict = judge_unedited(cases, record(cases), arm(cases, range(15), k=1))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "drift")
    assert verdict.message == (
        "not the prompt: it scores 25.0% where the baseline has 100.0% (20 cases,"
        " 1 trial each), p < 0.0001, limit 0.05, with the requests of 2026-01-31:"
        " model, scorer or code changed since"
    )
    assert verdict.worse[0].before == ""


def test_drift_shares_the_error_rate() -> None:
    cases = suite(20)
    base, new = record(cases), arm(cases, [1, 2], k=1)

    assert judge_unedited(cases, base, new).outcome == "pass"
    assert judge_unedited(cases, base, arm(cases, [1, 2, 3], k=1)).cause == "drift"
    assert (
        judge_unedited(cases, base, arm(cases, [1, 2, 3], k=1), edited_tests=9).outcome
        == "pass"
    )


def test_an_unedited_prompt_that_lost_cases_does_not_pass() -> None:
    before = suite(20)

    verdict = judge_unedited(before[4:], record(before), arm(before[4:], k=1))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")


def test_an_unedited_prompt_without_replies_is_an_error() -> None:
    cases = suite(4)

    verdict = judge_unedited(cases, record(cases), arm(cases, k=1, lost=range(4)))

    assert (verdict.outcome, verdict.cause) == ("error", "provider")


def test_an_unchanged_test_carries_its_recorded_score_over() -> None:
    cases = suite(20)

    verdict = judge_unchanged(cases, record(cases, [1, 2]))

    assert (verdict.outcome, verdict.cause) == ("pass", "unchanged")
    assert verdict.message == "nothing changed since 2026-01-31: 90.0% as recorded"
    assert (verdict.accuracy, verdict.change) == (0.9, 0.0)
    assert (verdict.cases, verdict.trials) == (20, 3)


def test_a_floor_raised_since_fails_an_unchanged_test() -> None:
    cases = suite(20)

    verdict = judge_unchanged(cases, record(cases, range(10)), min_score=0.8)

    assert (verdict.outcome, verdict.cause) == ("fail", "floor")


def test_an_unchanged_test_names_must_pass_cases_that_cannot_fail_it() -> None:
    cases = suite(5, must_pass=[0, 1])
    values = {case.id: (1.0, 1.0, 1.0) for case in cases} | {"c1": (1.0, 0.0, 1.0)}

    verdict = judge_unchanged(cases, recorded(cases, values))

    assert verdict.message == (
        "nothing changed since 2026-01-31: 93.3% as recorded; must_pass case 'c1'"
        " cannot fail a build, not having been right in every recorded trial"
    )


def test_a_record_without_scores_is_an_error() -> None:
    cases = suite(2)

    verdict = judge_unchanged(cases, recorded(cases, {"c0": (), "c1": ()}))

    assert verdict.message == "the baseline of 2026-01-31 has no score"
    assert verdict.outcome == "error"


@pytest.mark.parametrize(
    ("strict", "outcome"), [(False, "inconclusive"), (True, "fail")]
)
def test_without_a_baseline_it_warns_locally_and_fails_in_ci(
    *, strict: bool, outcome: str
) -> None:
    cases = suite(10)

    verdict = judge_alone(cases, arm(cases, [0], k=1), strict=strict)

    assert (verdict.outcome, verdict.cause) == (outcome, "no baseline")
    assert verdict.message == (
        "there is no baseline to compare 90.0% with: record one with"
        " --promptopt-update-baseline"
    )


@pytest.mark.parametrize(
    ("wrong", "outcome", "cause", "message"),
    [
        (
            1,
            "pass",
            "floor",
            "95.0% reaches min_score 90.0%; there is no baseline: record one with"
            " --promptopt-update-baseline",
        ),
        (
            3,
            "inconclusive",
            "unclear",
            "85.0% is below min_score 90.0%, but with 20 cases that may be chance",
        ),
        (
            9,
            "fail",
            "floor",
            "55.0% is below min_score 90.0%, and so is its upper 95% bound 74.2%",
        ),
    ],
)
def test_without_a_baseline_the_floor_decides(
    wrong: int, outcome: str, cause: str, message: str
) -> None:
    cases = suite(20)

    verdict = judge_alone(cases, arm(cases, range(wrong)), min_score=0.9, strict=True)

    assert (verdict.outcome, verdict.cause) == (outcome, cause)
    assert verdict.message == message


def test_without_replies_there_is_no_verdict() -> None:
    cases = suite(20)

    few = judge_alone(cases, arm(cases, lost=[0]), min_score=0.5)
    many = judge_alone(cases, arm(cases, lost=[0, 1]), min_score=0.5)

    assert (few.outcome, few.missing, few.cases) == ("pass", ("c0",), 19)
    assert (many.outcome, many.cause) == ("error", "provider")


def test_without_scores_there_is_no_verdict() -> None:
    cases = suite(2)
    skips = {case.id: (Trial(score=Score.unscored("skipped")),) for case in cases}

    assert judge_alone(cases, skips) == error("test", "no case has a score")
    assert judge_alone((), {}) == error("test", "no case has a score")


def test_an_error_has_a_cause_and_no_figures() -> None:
    assert error("setup", "no model is set") == Verdict(
        outcome="error", cause="setup", message="no model is set"
    )
