"""Cases that cannot be compared never let an edited prompt pass silently."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gate_suites import arm, judged, record, recorded, suite, trials

from pytest_promptopt.gate import Terms, judge_unedited
from pytest_promptopt.records import Case, Score, Trial, Trials

SKIPPED = Trial(score=Score.unscored("skipped"))


def skipping(cases: tuple[Case, ...], some: int, replies: int = 2) -> Trials:
    """Right trials, three of each case, some of which the body skips."""
    partly = (SKIPPED,) * replies + trials(*[1.0] * (3 - replies))
    return {**arm(cases), **{case.id: partly for case in cases[:some]}}


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
    assert verdict.unscored == ("c0", "c1", "c2", "c3", "c4")


def test_a_suite_without_any_score_is_an_error() -> None:
    cases = suite(2)
    skips = {case.id: (Trial(score=Score.unscored("skipped")),) for case in cases}

    verdict = judged(cases, record(cases), skips, skips)

    assert (verdict.outcome, verdict.cause) == ("error", "test")
    assert verdict.message == (
        "no case has a score in both arms: 2 of 2 trials got none, for example: skipped"
    )


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


def test_replies_that_only_the_edited_prompt_has_unscored_count_as_wrong() -> None:
    cases = suite(20)

    verdict = judged(cases, record(cases), arm(cases), skipping(cases, 8))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert verdict.message == (
        "16 replies to 8 cases have no score where the baseline's prompt gets one,"
        " counted as wrong they make a drop of 26.7 points: let the test score every"
        " reply, or record a new baseline with --promptopt-update-baseline"
    )
    assert verdict.unscored == tuple(f"c{i}" for i in range(8))
    assert verdict.accuracy == 1.0


def test_replies_that_both_prompts_have_unscored_cost_nothing() -> None:
    cases = suite(20)
    same = skipping(cases, 8)

    verdict = judged(cases, record(cases), same, same)

    assert (verdict.outcome, verdict.unscored) == ("pass", ())


def test_one_more_unscored_reply_than_before_is_named_and_explained_by_chance() -> None:
    cases = suite(20)
    before = skipping(cases, 8, 1)

    verdict = judged(
        cases, record(cases), before, {**before, "c0": skipping(cases, 1)["c0"]}
    )

    assert verdict.outcome == "pass"
    assert verdict.unscored == ("c0",)


def test_what_only_the_baselines_prompt_gets_scored_is_lost_whatever_was_recorded() -> (
    None
):
    cases = suite(20)
    values = {case.id: (1.0,) * 3 for case in cases} | {"c0": (), "c1": ()}
    base = recorded(cases, values)
    never = {**arm(cases), "c0": (SKIPPED,) * 3}

    lost = judged(cases, base, arm(cases), never)
    neither = judged(cases, base, never, never)

    assert (lost.outcome, lost.cause, lost.unscored) == (
        "inconclusive",
        "cases lost",
        ("c0",),
    )
    assert (neither.outcome, neither.unscored) == ("pass", ())


def test_unscored_replies_and_lost_cases_are_counted_together() -> None:
    before = suite(300)
    cases = before[1:]

    verdict = judged(cases, record(before), arm(cases), skipping(cases, 3))

    assert verdict.message == (
        "1 case of the baseline cannot be compared (1 removed) and 6 replies to 3 cases"
        " have no score where the baseline's prompt gets one, counted as wrong they"
        " make a drop of 1.0 point: restore them, let the test score every reply, or"
        " record a new baseline with --promptopt-update-baseline"
    )


def test_a_must_pass_case_with_an_unscored_reply_does_not_pass() -> None:
    cases = suite(200, must_pass=[0])

    verdict = judged(cases, record(cases), arm(cases), skipping(cases, 1, 1))

    assert verdict.message == (
        "1 reply to 1 case has no score where the baseline's prompt gets one, must_pass"
        " case 'c0' among them: let the test score every reply, or record a new"
        " baseline with --promptopt-update-baseline"
    )


def test_unscored_replies_do_not_lift_a_prompt_over_its_floor() -> None:
    cases = suite(20)
    values = {case.id: (0.0,) * 3 for case in cases[:12]}
    values |= {case.id: (1.0,) * 3 for case in cases[12:]}
    half = {case_id: trials(*scores) for case_id, scores in values.items()}
    skips = half | {case.id: (SKIPPED,) * 3 for case in cases[4:12]}
    base, terms = recorded(cases, values), Terms(min_score=0.65)

    low = judged(cases, base, half, half, terms)
    fewer = judged(cases, base, half, skips, terms)

    assert (low.outcome, low.cause) == ("fail", "floor")
    assert (fewer.outcome, fewer.cause) == ("inconclusive", "cases lost")
    assert "counted as wrong they leave the accuracy below min_score 65.0%" in (
        fewer.message
    )


def test_an_unedited_prompt_with_unscored_replies_does_not_pass() -> None:
    cases = suite(20)

    verdict = judge_unedited(cases, record(cases), skipping(cases, 8), Terms())

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert "16 replies to 8 cases have no score" in verdict.message


def test_without_a_common_case_the_new_figures_stand_alone() -> None:
    before, cases = suite(3), suite(23)[3:]

    verdict = judged(cases, record(before), arm(cases), arm(cases, [0]))

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "cases lost")
    assert (verdict.accuracy, verdict.baseline_accuracy) == (0.95, None)
    assert (verdict.limit, verdict.p_value) == (0.025, None)
    assert verdict.detectable == pytest.approx(3 / 20)
    assert verdict.removed == ("c0", "c1", "c2")
