"""Cases that cannot be compared never let an edited prompt pass silently."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gate_suites import arm, judged, record, suite, trials

from pytest_promptopt.records import Score, Trial


def test_deleting_the_failing_cases_does_not_pass() -> None:
    before = suite(20)
    cases = before[4:]

    verdict = judged(cases, record(before), arm(cases), arm(cases))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert verdict.message == (
        "4 cases of the baseline cannot be compared (4 removed), counted as wrong they"
        " make a drop of 25.0 points: restore them, or record a new baseline with"
        " --promptopt-update-baseline"
    )
    assert verdict.removed == ("c0", "c1", "c2", "c3")
    assert verdict.cases == 16


def test_changed_and_added_cases_are_named_and_not_compared() -> None:
    before = suite(200)
    cases = (*before[:-1], replace(before[-1], expected="no"))
    extra = replace(before[0], id="extra")

    verdict = judged((*cases, extra), record(before), arm(cases), arm((*cases, extra)))

    assert verdict.outcome == "pass"
    assert (verdict.changed, verdict.added, verdict.removed) == (
        ("c199",),
        ("extra",),
        (),
    )
    assert verdict.cases == 199


def test_a_lost_case_that_was_wrong_anyway_costs_nothing() -> None:
    before = suite(10)

    verdict = judged(before[1:], record(before, [0]), arm(before[1:]), arm(before[1:]))

    assert (verdict.outcome, verdict.removed) == ("pass", ("c0",))


def test_one_lost_must_pass_case_does_not_pass() -> None:
    before = suite(200, must_pass=[0])

    verdict = judged(before[1:], record(before), arm(before[1:]), arm(before[1:]))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert verdict.message == (
        "1 case of the baseline cannot be compared (1 removed), must_pass case 'c0'"
        " among them: restore them, or record a new baseline with"
        " --promptopt-update-baseline"
    )


def test_a_suite_without_a_common_case_is_inconclusive() -> None:
    before, cases = suite(3), suite(6)[3:]

    verdict = judged(cases, record(before), arm(cases), arm(cases))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert verdict.message == (
        "no case is the same as in the baseline of 2026-01-31: restore the cases, or"
        " record a new baseline with --promptopt-update-baseline"
    )


def test_a_missing_reply_is_left_out_and_named() -> None:
    cases = suite(200)

    verdict = judged(cases, record(cases), arm(cases, lost=[1]), arm(cases, lost=[1]))

    assert verdict.outcome == "pass"
    assert verdict.missing == ("c1",)
    assert verdict.cases == 199


def test_missing_replies_that_could_hide_a_drop_do_not_pass() -> None:
    cases = suite(60)

    verdict = judged(
        cases, record(cases), arm(cases, lost=[1]), arm(cases, lost=[2, 3])
    )

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert verdict.missing == ("c1", "c2", "c3")


def test_many_missing_replies_are_an_error_not_a_verdict() -> None:
    cases = suite(20)

    verdict = judged(
        cases, record(cases), arm(cases), arm(cases, [5, 6, 7, 8], lost=[1, 2])
    )

    assert (verdict.outcome, verdict.cause) == ("error", "provider")
    assert verdict.message == "2 of 20 cases could not be scored: connection refused"
    assert verdict.missing == ("c1", "c2")
    assert verdict.accuracy is None


@pytest.mark.parametrize(
    ("why", "cause", "detail"),
    [
        ("budget: 40 calls are spent", "budget", "40 calls are spent"),
        ("test: KeyError: 'x'", "test", "KeyError: 'x'"),
        ("not run", "provider", "not run"),
    ],
)
def test_the_missing_trials_say_the_cause_of_the_error(
    why: str, cause: str, detail: str
) -> None:
    cases = suite(4)
    new = {case.id: (Trial.lost(why),) for case in cases}

    verdict = judged(cases, record(cases), arm(cases), new)

    assert (verdict.outcome, verdict.cause) == ("error", cause)
    assert verdict.message == f"4 of 4 cases could not be scored: {detail}"


def test_cases_that_the_new_body_skips_count_as_lost() -> None:
    cases = suite(20)
    skipped = (Trial(score=Score.unscored("skipped")),) * 3
    skips = {case.id: skipped for case in cases[:5]}

    verdict = judged(
        cases, record(cases), {**arm(cases), **skips}, {**arm(cases), **skips}
    )

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert verdict.message.startswith(
        "5 cases of the baseline cannot be compared (5 without a score), counted as"
    )


def test_a_suite_without_any_score_is_an_error() -> None:
    cases = suite(2)
    skips = {case.id: (Trial(score=Score.unscored("skipped")),) for case in cases}

    verdict = judged(cases, record(cases), skips, skips)

    assert (verdict.outcome, verdict.cause) == ("error", "test")
    assert verdict.message == "no case has a score in both arms"


def test_a_loss_of_half_the_tolerance_does_not_pass_silently() -> None:
    before = suite(100)

    verdict = judged(before[1:], record(before), arm(before[1:]), arm(before[1:]))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert verdict.message == (
        "1 case of the baseline cannot be compared (1 removed), counted as wrong they"
        " make a drop of 1.0 point: restore them, or record a new baseline with"
        " --promptopt-update-baseline"
    )


def test_a_drop_that_lost_cases_would_make_clearer_does_not_pass() -> None:
    before = suite(60)
    new = {**arm(before), "c5": trials(0.0, 1.0, 1.0)}

    whole = judged(before, record(before), arm(before), new)
    less = judged(before[:-1], record(before), arm(before[:-1]), new)

    assert (whole.outcome, less.outcome) == ("pass", "inconclusive")


def test_lost_cases_that_were_wrong_anyway_do_not_dilute_the_others() -> None:
    before = suite(300)
    kept = before[200:-2]

    verdict = judged(kept, record(before, range(200)), arm(kept), arm(kept))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert "they make a drop of 2.0 points" in verdict.message
