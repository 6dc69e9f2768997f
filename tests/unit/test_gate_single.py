"""What the gate says without an edited arm: unedited, carried over, no baseline."""

from __future__ import annotations

import pytest
from gate_suites import arm, record, recorded, suite

from pytest_promptopt.gate import (
    Terms,
    error,
    judge_alone,
    judge_kept,
    judge_unchanged,
    judge_unedited,
    redraws,
)
from pytest_promptopt.records import Redraw, Score, TagAccuracy, Trial, Verdict


def test_an_unedited_prompt_that_scores_as_recorded_passes_with_every_figure() -> None:
    cases = suite(20)

    verdict = judge_unedited(cases, record(cases, [2]), arm(cases, [2], k=1), Terms())

    assert (verdict.outcome, verdict.cause) == ("pass", "same")
    assert verdict.message == (
        "the requests are those of 2026-01-31: 95.0% against the recorded 95.0%"
        " (20 cases, 1 trial each), p = 1"
    )
    assert (verdict.p_value, verdict.limit, verdict.look) == (1.0, 0.05, 0)
    assert verdict.detectable == pytest.approx(3 / 20)


def test_an_unedited_prompt_that_scores_worse_passes_with_its_p() -> None:
    cases = suite(20, must_pass=[0])

    verdict = judge_unedited(cases, record(cases), arm(cases, range(15), k=1), Terms())

    assert (verdict.outcome, verdict.cause) == ("pass", "same")
    assert verdict.message == (
        "the requests are those of 2026-01-31: 25.0% against the recorded 100.0%"
        " (20 cases, 1 trial each), p < 0.0001"
    )
    assert verdict.worse[0].before == ""


def test_an_unedited_prompt_surely_below_its_floor_fails() -> None:
    cases = suite(20)

    verdict = judge_unedited(
        cases, record(cases), arm(cases, range(15), k=1), Terms(min_score=0.8)
    )

    assert (verdict.outcome, verdict.cause) == ("fail", "floor")


def test_an_unedited_prompt_that_lost_cases_does_not_pass() -> None:
    before = suite(20)

    verdict = judge_unedited(before[4:], record(before), arm(before[4:], k=1), Terms())

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")


def test_what_the_model_does_is_not_counted_as_lost_cases() -> None:
    before = suite(200)

    verdict = judge_unedited(
        before[1:], record(before), arm(before[1:], range(90), k=1), Terms()
    )

    assert (verdict.outcome, verdict.removed) == ("pass", ("c0",))


def test_an_unedited_prompt_without_replies_is_an_error() -> None:
    cases = suite(4)

    verdict = judge_unedited(
        cases, record(cases), arm(cases, k=1, lost=range(4)), Terms()
    )

    assert (verdict.outcome, verdict.cause) == ("error", "provider")


def test_redraws_put_recorded_beside_fresh_scores_of_the_compared_cases() -> None:
    before = suite(4, weights=[2.0, 1.0, 1.0, 1.0])
    cases = before[:3]

    found = redraws(cases, record(before), arm(cases, [0], k=1, lost=[1]))

    assert found == (
        Redraw(weight=2.0, recorded=(1.0, 1.0, 1.0), fresh=(0.0,)),
        Redraw(weight=1.0, recorded=(1.0, 1.0, 1.0), fresh=(1.0,)),
    )


def test_an_unchanged_test_carries_its_recorded_score_over() -> None:
    cases = suite(20, tags={1: ("german",), 5: ("german",)})
    values = {case.id: (1.0,) * 3 for case in cases} | {"c1": (0.0, 0.0, 1.0)}

    verdict = judge_unchanged(cases, recorded(cases, values), Terms(hypotheses=2))

    assert (verdict.outcome, verdict.cause) == ("pass", "unchanged")
    assert verdict.message == "nothing changed since 2026-01-31: 96.7% as recorded"
    assert (verdict.change, verdict.p_value, verdict.limit) == (0.0, None, 0.0125)
    assert verdict.detectable == pytest.approx(3 / 20)
    assert (verdict.cases, verdict.trials, verdict.flaky) == (20, 3, ("c1",))
    (tag,) = verdict.tags
    assert (tag.tag, tag.cases, tag.was, tag.now) == (
        "german",
        2,
        *[pytest.approx(2 / 3)] * 2,
    )


def test_an_unchanged_test_of_a_commit_names_the_commit() -> None:
    cases = suite(20)

    verdict = judge_unchanged(cases, record(cases), Terms(reference="commit 1a2b3c4"))

    assert verdict.reference == "commit 1a2b3c4"
    assert verdict.message.startswith("nothing changed since commit 1a2b3c4: 100.0%")


def test_a_floor_raised_since_fails_an_unchanged_test() -> None:
    cases = suite(20)

    verdict = judge_unchanged(cases, record(cases, range(10)), Terms(min_score=0.8))

    assert (verdict.outcome, verdict.cause) == ("fail", "floor")


def test_what_an_unchanged_test_could_show_counts_the_cases_it_still_has() -> None:
    before = suite(90)
    noisy = recorded(before, {case.id: (1.0, 0.0, 1.0) for case in before})

    whole = judge_unchanged(before, noisy, Terms())
    grown = judge_unchanged(suite(120), noisy, Terms())

    assert whole.detectable == grown.detectable


def test_a_must_pass_case_takes_its_share_from_what_an_edit_is_held_against() -> None:
    cases = suite(20, must_pass=[0, 1])
    values = {case.id: (1.0,) * 3 for case in cases} | {"c1": (1.0, 0.0, 1.0)}

    carried = judge_unchanged(cases, recorded(cases, values), Terms())
    called = judge_unedited(cases, recorded(cases, values), arm(cases, k=1), Terms())
    alone = judge_alone(cases, arm(cases))

    assert carried.limit == alone.limit == pytest.approx(0.02)
    assert (carried.alpha, carried.vital) == (0.05, 1)
    assert (called.limit, called.alpha, called.vital) == (0.05, 0.05, 1)
    assert (alone.alpha, alone.vital) == (0.05, 2)


def test_a_baseline_that_is_kept_shows_its_figures_and_never_fails() -> None:
    cases = suite(20)
    terms = Terms(min_score=0.8)

    verdict = judge_kept(cases, record(cases, range(10)), terms, why="it has one")
    empty = judge_kept(cases[:1], recorded(cases[:1], {"c0": ()}), terms, why="so")

    assert (verdict.outcome, verdict.cause) == ("pass", "kept")
    assert verdict.message == "baseline of 2026-01-31 kept: it has one"
    assert (verdict.accuracy, verdict.limit) == (0.5, 0.025)
    assert verdict.detectable == pytest.approx(3 / 20)
    assert (empty.outcome, empty.cause, empty.accuracy) == ("pass", "kept", None)


def test_a_record_without_scores_is_an_error() -> None:
    cases = suite(2)

    verdict = judge_unchanged(cases, recorded(cases, {"c0": (), "c1": ()}), Terms())

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


def test_without_a_baseline_the_smallest_drop_of_an_edit_is_told_all_the_same() -> None:
    cases = suite(50)

    once = judge_alone(cases, arm(cases, range(10), k=1))
    thrice = judge_alone(cases, arm(cases, range(10), k=3))
    many = judge_alone(cases, arm(cases, range(10)), terms=Terms(hypotheses=20))

    # A single trial does not tell noise from hard cases: the most noise is assumed.
    assert once.detectable == pytest.approx(0.098, abs=0.001)
    assert thrice.detectable == pytest.approx(3 / 50)
    assert (thrice.limit, thrice.p_value) == (0.025, None)
    assert (many.limit, many.hypotheses) == (0.05 / 40, 20)


def test_without_replies_there_is_no_verdict() -> None:
    cases = suite(20)

    few = judge_alone(cases, arm(cases, lost=[0]), min_score=0.5)
    many = judge_alone(cases, arm(cases, lost=[0, 1]), min_score=0.5)

    assert (few.outcome, few.missing, few.cases) == ("pass", ("c0",), 19)
    assert (many.outcome, many.cause) == ("error", "provider")


def test_without_scores_there_is_no_verdict() -> None:
    cases = suite(2)
    skips = {case.id: (Trial(score=Score.unscored("skipped")),) for case in cases}

    assert judge_alone(cases, skips) == error(
        "test",
        "no case has a score: 2 of 2 trials got none, for example: skipped",
        bare="no case has a score: 2 of 2 trials got none",
    )
    nothing = "no case has a score"
    assert judge_alone((), {}) == error("test", nothing, bare=nothing)


def test_an_error_has_a_cause_and_no_figures() -> None:
    assert error("setup", "no model is set") == Verdict(
        outcome="error", cause="setup", message="no model is set"
    )


def test_an_error_says_whether_the_same_run_may_succeed_later() -> None:
    assert not error("setup", "no model is set").retryable
    assert error("provider", "overloaded", retryable=True).retryable


def test_without_a_baseline_the_accuracy_per_tag_stands_alone() -> None:
    cases = suite(10, tags={0: ("german",), 1: ("german",)})

    verdict = judge_alone(cases, arm(cases, [0], k=1))

    assert verdict.tags == (TagAccuracy(tag="german", cases=2, was=None, now=0.5),)
