"""What the gate says about an edited prompt, in whole sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gate_suites import DATE, arm, record, recorded, suite, trials

from pytest_promptopt.gate import judge_edited, report_only
from pytest_promptopt.records import CaseChange, Verdict


def test_a_prompt_that_breaks_cases_fails_with_every_figure() -> None:
    cases = suite(20)

    verdict = judge_edited(
        cases, record(cases, [0]), arm(cases, [0]), arm(cases, [0, 1, 2, 3, 4])
    )

    assert verdict.message == (
        "the edited prompt is worse by 20.0 points: 75.0% where the baseline has 95.0%"
        " (20 cases, 3 trials each), p < 0.0001, limit 0.05"
    )
    assert (verdict.outcome, verdict.cause) == ("fail", "worse")
    assert (verdict.accuracy, verdict.baseline_accuracy) == (0.75, 0.95)
    assert verdict.interval == pytest.approx((0.5313, 0.8881), abs=1e-4)
    assert verdict.p_value == pytest.approx(20**-4)
    assert verdict.sign_flip_p == 2**-5
    assert (verdict.limit, verdict.edited_tests) == (0.05, 1)
    assert verdict.detectable == 3 / 20
    assert (verdict.cases, verdict.trials) == (20, 3)
    assert verdict.baseline_date == DATE
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_identical_arms_pass_as_the_same() -> None:
    cases = suite(20)

    verdict = judge_edited(cases, record(cases, [3]), arm(cases, [3]), arm(cases, [3]))

    assert (verdict.outcome, verdict.cause) == ("pass", "same")
    assert verdict.message == (
        "no drop of 2.0 points or more: 95.0% where the baseline has 95.0%"
        " (20 cases, 3 trials each)"
    )


def test_a_clear_gain_passes_as_better() -> None:
    cases = suite(20)

    verdict = judge_edited(
        cases, record(cases, [1, 2, 3]), arm(cases, [1, 2, 3]), arm(cases)
    )

    assert (verdict.outcome, verdict.cause) == ("pass", "better")
    assert verdict.message == (
        "the edited prompt is better by 15.0 points: 100.0% where the baseline has"
        " 85.0% (20 cases, 3 trials each)"
    )
    assert [change.case_id for change in verdict.better] == ["c1", "c2", "c3"]


def test_a_drop_that_chance_explains_passes() -> None:
    cases = suite(10)
    new = {**arm(cases), "c4": trials(1.0, 0.0, 1.0)}

    verdict = judge_edited(cases, record(cases), arm(cases), new)

    assert (verdict.outcome, verdict.cause) == ("pass", "same")
    assert verdict.message == (
        "a drop of 3.3 points that chance explains (p 0.5): 96.7% where the baseline"
        " has 100.0% (10 cases, 3 trials each)"
    )


def test_a_drop_between_chance_and_proof_is_inconclusive_and_says_what_helps() -> None:
    cases = suite(40)
    new = {**arm(cases), "c1": trials(0.0, 0.0, 1.0), "c2": trials(0.0, 1.0, 1.0)}

    verdict = judge_edited(cases, record(cases), arm(cases), new)

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "unclear")
    assert verdict.message == (
        "cannot tell whether the edited prompt is worse by 2.5 points: 97.5% where the"
        " baseline has 100.0% (40 cases, 3 trials each), p 0.1, limit 0.05;"
        " about 120 cases would settle a drop of this size"
    )


def test_two_flipped_cases_of_a_deterministic_model_warn_only() -> None:
    cases = suite(20)

    verdict = judge_edited(cases, record(cases), arm(cases), arm(cases, [4, 5]))

    assert verdict.p_value == pytest.approx(1 / 400)
    assert verdict.message == (
        "cannot tell whether the edited prompt is worse by 10.0 points: 90.0% where the"
        " baseline has 100.0% (20 cases, 3 trials each), p 0.0025, limit 0.05;"
        " too few cases changed to tell; more cases would settle it"
    )
    assert (verdict.outcome, verdict.cause) == ("inconclusive", "unclear")


def test_a_drop_below_the_tolerance_passes_however_certain() -> None:
    cases = suite(400)

    verdict = judge_edited(cases, record(cases), arm(cases), arm(cases, range(7)))

    assert verdict.p_value == pytest.approx(20**-7)
    assert (verdict.outcome, verdict.cause) == ("pass", "same")


def test_a_drop_of_exactly_the_tolerance_fails() -> None:
    cases = suite(400)

    verdict = judge_edited(cases, record(cases), arm(cases), arm(cases, range(8)))

    assert (verdict.outcome, verdict.cause) == ("fail", "worse")


def test_more_edited_tests_and_looks_share_the_error_rate() -> None:
    cases = suite(50)
    new = {**arm(cases), "c9": trials(1.0, 0.0, 0.0)} | {
        f"c{i}": trials(0.0, 1.0, 1.0) for i in range(4)
    }
    base, old = record(cases), arm(cases)

    alone = judge_edited(cases, base, old, new)
    among = judge_edited(cases, base, old, new, edited_tests=4, looks=2)

    assert (alone.outcome, alone.limit) == ("fail", 0.05)
    assert (among.outcome, among.limit) == ("inconclusive", 0.05 / 8)
    assert among.edited_tests == 4
    assert alone.detectable is not None
    assert among.detectable is not None
    assert among.detectable >= alone.detectable


def test_weights_decide_the_accuracy() -> None:
    cases = suite(4, weights=[5.0, 1.0, 1.0, 1.0])

    verdict = judge_edited(cases, record(cases), arm(cases), arm(cases, [0]))

    assert verdict.accuracy == pytest.approx(3 / 8)


def test_a_broken_must_pass_case_fails_alone() -> None:
    cases = suite(100, must_pass=[7])

    verdict = judge_edited(
        cases, record(cases), arm(cases), {**arm(cases), "c7": trials(0.0, 0.0, 1.0)}
    )

    assert (verdict.outcome, verdict.cause) == ("fail", "must_pass")
    assert verdict.message == (
        "the edited prompt breaks must_pass case 'c7': always right in the baseline,"
        " now wrong in most trials"
    )


@pytest.mark.parametrize(
    ("values", "old", "new"),
    [
        ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.0, 1.0, 1.0)),
        ((1.0, 0.0, 1.0), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
        ((1.0, 1.0, 1.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0)),
    ],
    ids=["now mostly right", "never steady", "the model's doing"],
)
def test_a_must_pass_case_that_the_edit_did_not_break_does_not_fail(
    values: tuple[float, ...], old: tuple[float, ...], new: tuple[float, ...]
) -> None:
    cases = suite(100, must_pass=[0])
    base = recorded(cases, {**{case.id: (1.0,) * 3 for case in cases}, "c0": values})

    verdict = judge_edited(
        cases,
        base,
        {**arm(cases), "c0": trials(*old)},
        {**arm(cases), "c0": trials(*new)},
    )

    assert verdict.outcome == "pass"


def test_an_accuracy_surely_below_the_floor_fails() -> None:
    cases = suite(20)
    half = list(range(10))

    verdict = judge_edited(
        cases, record(cases, half), arm(cases, half), arm(cases, half), min_score=0.8
    )

    assert (verdict.outcome, verdict.cause) == ("fail", "floor")
    assert verdict.message == (
        "50.0% is below min_score 80.0%, and so is its upper 95% bound 70.1%"
    )


def test_an_accuracy_just_below_the_floor_does_not_fail() -> None:
    cases = suite(20)
    some = list(range(5))

    verdict = judge_edited(
        cases, record(cases, some), arm(cases, some), arm(cases, some), min_score=0.8
    )

    assert verdict.outcome == "pass"


def test_the_cases_that_got_worse_come_worst_first_with_a_failing_reply() -> None:
    cases = suite(20)
    new = {
        **arm(cases),
        "c2": trials(1.0, 0.0, 1.0),
        "c9": trials(0.0, 0.0, 1.0),
        "c1": trials(1.0, 0.0, 1.0),
    }

    verdict = judge_edited(cases, record(cases), arm(cases), new)

    assert [change.case_id for change in verdict.worse] == ["c9", "c1", "c2"]
    assert verdict.worse[0] == CaseChange(
        case_id="c9",
        place="cases/x.jsonl:10",
        expected="yes",
        got="no (0)",
        before="yes",
        was=1.0,
        now=1 / 3,
        reason="expected 'yes'",
    )


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"expected": {"b": 1, "a": "é"}}, '{"a": "é", "b": 1}'),
        ({"expected": None}, "null"),
        ({"expected": None, "has_expected": False}, ""),
    ],
)
def test_the_right_answer_is_shown_as_text(
    fields: dict[str, object], shown: str
) -> None:
    (case,) = suite(1)
    cases = (replace(case, **fields),)  # type: ignore[arg-type]

    verdict = judge_edited(cases, record(cases), arm(cases), arm(cases, [0]))

    assert verdict.worse[0].expected == shown


def test_report_only_lets_a_fail_pass_with_all_its_figures() -> None:
    cases = suite(20)
    verdict = judge_edited(cases, record(cases), arm(cases), arm(cases, range(5)))

    shown = report_only(verdict)

    assert shown == replace(
        verdict,
        outcome="pass",
        cause="report only",
        message=f"would have been fail (worse): {verdict.message}",
    )


def test_report_only_leaves_a_pass_and_an_error_alone() -> None:
    cases = suite(4)
    passed = judge_edited(cases, record(cases), arm(cases), arm(cases))
    failed = judge_edited(cases, record(cases), arm(cases), {})

    assert report_only(passed) == passed
    assert report_only(failed) == failed
    assert failed.message == "4 of 4 cases could not be scored: no trial was run"
