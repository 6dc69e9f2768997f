"""What the gate says about an edited prompt, in whole sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from gate_suites import DATE, arm, judged, record, recorded, suite, trials

from pytest_promptopt.gate import Terms, goes_on, judge_edited, trials_per_look
from pytest_promptopt.records import CaseChange, Trials, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case


def test_a_prompt_that_breaks_cases_fails_with_every_figure() -> None:
    cases = suite(20)

    verdict = judged(
        cases, record(cases, [0]), arm(cases, [0]), arm(cases, [0, 1, 2, 3, 4])
    )

    assert verdict.message == (
        "the edited prompt is worse by 20.0 points: 75.0% against the baseline's"
        " 95.0% (20 cases, 3 trials each), p < 0.0001, limit 0.025"
    )
    assert (verdict.outcome, verdict.cause) == ("fail", "worse")
    assert (verdict.accuracy, verdict.baseline_accuracy) == (0.75, 0.95)
    assert verdict.interval == pytest.approx((0.5313, 0.8881), abs=1e-4)
    assert verdict.p_value == pytest.approx(20**-4)
    assert verdict.sign_flip_p == 2**-5
    assert (verdict.limit, verdict.hypotheses, verdict.look) == (0.025, 1, 2)
    assert verdict.reference == "the baseline of 2026-01-31"
    assert verdict.detectable == pytest.approx(3 / 20)
    assert (verdict.cases, verdict.trials) == (20, 3)
    assert verdict.baseline_date == DATE
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_identical_arms_pass_as_the_same() -> None:
    cases = suite(20)

    verdict = judged(cases, record(cases, [3]), arm(cases, [3]), arm(cases, [3]))

    assert (verdict.outcome, verdict.cause) == ("pass", "same")
    assert verdict.message == (
        "no drop of 2.0 points or more: 95.0% against the baseline's"
        " 95.0% (20 cases, 3 trials each)"
    )


def test_a_clear_gain_passes_as_better() -> None:
    cases = suite(20)

    verdict = judged(cases, record(cases, [1, 2, 3]), arm(cases, [1, 2, 3]), arm(cases))

    assert (verdict.outcome, verdict.cause) == ("pass", "better")
    assert verdict.message == (
        "the edited prompt is better by 15.0 points: 100.0% against the baseline's"
        " 85.0% (20 cases, 3 trials each)"
    )
    assert [change.case_id for change in verdict.better] == ["c1", "c2", "c3"]


def test_a_drop_that_chance_explains_passes() -> None:
    cases = suite(10)
    new = {**arm(cases), "c4": trials(1.0, 0.0, 1.0)}

    verdict = judged(cases, record(cases), arm(cases), new)

    assert (verdict.outcome, verdict.cause) == ("pass", "same")
    assert verdict.sign_flip_p is None
    assert verdict.message == (
        "a drop of 3.3 points that chance explains (p = 0.5): 96.7% against the"
        " baseline's 100.0% (10 cases, 3 trials each)"
    )


def test_a_drop_between_chance_and_proof_is_inconclusive() -> None:
    cases = suite(40)
    new = {**arm(cases), "c1": trials(0.0, 0.0, 1.0), "c2": trials(0.0, 1.0, 1.0)}

    verdict = judged(cases, record(cases), arm(cases), new)

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "unclear")
    assert verdict.message == (
        "cannot tell whether the edited prompt is worse by 2.5 points: 97.5% against"
        " the baseline's 100.0% (40 cases, 3 trials each), p = 0.1, limit 0.025"
    )


def test_two_flipped_cases_of_a_deterministic_model_warn_only() -> None:
    cases = suite(20)

    verdict = judged(cases, record(cases), arm(cases), arm(cases, [4, 5]))

    assert verdict.p_value == pytest.approx(1 / 400)
    assert verdict.message == (
        "cannot tell whether the edited prompt is worse by 10.0 points: 90.0% against"
        " the baseline's 100.0% (20 cases, 3 trials each), p = 0.0025, limit 0.025;"
        " too few cases changed to tell"
    )
    assert (verdict.outcome, verdict.cause) == ("inconclusive", "unclear")


@pytest.mark.parametrize(
    ("flipped", "outcome", "cause"),
    [
        (3, "pass", "same"),
        (4, "inconclusive", "unclear"),
        (7, "inconclusive", "unclear"),
        (8, "fail", "worse"),
    ],
    ids=["below half of it", "half of it", "below it", "exactly it"],
)
def test_a_certain_drop_is_held_against_the_tolerance(
    flipped: int, outcome: str, cause: str
) -> None:
    cases = suite(400)

    verdict = judged(cases, record(cases), arm(cases), arm(cases, range(flipped)))

    assert verdict.p_value == pytest.approx(20**-flipped)
    assert (verdict.outcome, verdict.cause) == (outcome, cause)


def test_a_certain_drop_below_the_tolerance_says_so() -> None:
    cases = suite(400)

    verdict = judged(cases, record(cases), arm(cases), arm(cases, range(7)))

    assert verdict.message == (
        "the edited prompt is worse by 1.8 points, which is less than the tolerance of"
        " 2.0 points: 98.2% against the baseline's 100.0% (400 cases, 3 trials each),"
        " p < 0.0001, limit 0.025; look at the cases that got worse"
    )


def test_an_unclear_first_look_asks_for_another_and_nothing_else_does() -> None:
    cases = suite(40)
    base, old = record(cases), arm(cases)
    unclear = {**old, "c1": trials(0.0, 0.0, 1.0), "c2": trials(0.0, 1.0, 1.0)}

    first = judge_edited(cases, base, old, unclear, Terms(), look=1)
    failed = judge_edited(cases, base, old, arm(cases, range(9)), Terms(), look=1)
    passed = judge_edited(cases, base, old, old, Terms(), look=1)
    lost = judge_edited(cases[1:], base, old, old, Terms(), look=1)

    assert (first.outcome, first.look) == ("inconclusive", 1)
    assert lost.cause == "cases lost"
    assert goes_on(first, 1)
    assert not goes_on(first, 2)
    assert not any(goes_on(verdict, 1) for verdict in (failed, passed, lost))


def with_failures(cases: tuple[Case, ...], failed: Sequence[int]) -> Trials:
    """Three trials of each case, so many of which are wrong in the first cases."""
    some = {
        case.id: trials(*[0.0] * wrong, *[1.0] * (3 - wrong))
        for case, wrong in zip(cases, failed, strict=False)
    }
    return {**arm(cases), **some}


@pytest.mark.parametrize(
    ("old", "new", "p", "outcome"),
    [
        ((0, 0, 1), (1, 2, 0), 0.3, "inconclusive"),
        ((0, 0, 2), (1, 2, 1), 0.315, "pass"),
        ((0, 0, 3), (2, 3, 0), 0.3275, "pass"),
    ],
)
def test_chance_explains_a_drop_whose_p_is_above_three_tenths(
    old: tuple[int, ...], new: tuple[int, ...], p: float, outcome: str
) -> None:
    cases = suite(20)

    verdict = judged(
        cases, record(cases), with_failures(cases, old), with_failures(cases, new)
    )

    assert verdict.p_value == pytest.approx(p)
    assert verdict.outcome == outcome


@pytest.mark.parametrize(
    ("old", "new", "sign_flip", "outcome"),
    [
        ((0, 0, 0, 1), (2, 2, 3, 0), 3 / 32, "fail"),
        ((0, 0, 0, 1), (1, 3, 3, 0), 1 / 8, "inconclusive"),
    ],
)
def test_a_drop_fails_only_if_it_is_spread_over_enough_cases(
    old: tuple[int, ...], new: tuple[int, ...], sign_flip: float, outcome: str
) -> None:
    cases = suite(20)

    verdict = judged(
        cases, record(cases), with_failures(cases, old), with_failures(cases, new)
    )

    assert verdict.sign_flip_p == pytest.approx(sign_flip)
    assert verdict.outcome == outcome


def test_a_look_adds_three_trials_below_a_hundred_cases_and_two_from_there() -> None:
    assert [trials_per_look(n) for n in (0, 1, 99, 100, 101)] == [3, 3, 3, 2, 2]


def test_what_could_be_shown_counts_the_cases_that_would_be_asked() -> None:
    before = suite(90)
    cases = (*before, *suite(120)[90:])
    noisy = recorded(before, {case.id: (1.0, 0.0, 1.0) for case in before})

    more = judged(cases, noisy, arm(before), arm(cases), look=1)
    same = judged(before, noisy, arm(before), arm(before), look=1)

    assert more.detectable == same.detectable


def test_what_could_be_shown_counts_both_looks() -> None:
    cases = suite(50)
    values = {case.id: (1.0, 0.0, 1.0) for case in cases}
    base, old = recorded(cases, values), arm(cases)

    first = judged(cases, base, old, old, look=1)
    both = judged(cases, base, arm(cases, k=6), arm(cases, k=6), look=2)

    assert first.detectable == both.detectable
    assert first.flaky == tuple(sorted(case.id for case in cases))


def test_more_edited_tests_share_the_error_rate() -> None:
    cases = suite(50)
    new = {**arm(cases), "c9": trials(1.0, 0.0, 0.0)} | {
        f"c{i}": trials(0.0, 1.0, 1.0) for i in range(4)
    }
    base, old = record(cases), arm(cases)

    alone = judged(cases, base, old, new)
    among = judged(cases, base, old, new, Terms(hypotheses=4))

    assert (alone.outcome, alone.limit) == ("fail", 0.025)
    assert (among.outcome, among.limit) == ("inconclusive", 0.05 / 8)
    assert among.hypotheses == 4
    assert alone.detectable is not None
    assert among.detectable is not None
    assert among.detectable >= alone.detectable


def test_a_comparison_with_a_commit_says_so() -> None:
    cases = suite(208)

    verdict = judged(
        cases,
        record(cases),
        arm(cases, range(100), k=2),
        arm(cases, range(150), k=2),
        Terms(reference="commit 1a2b3c4"),
    )

    assert verdict.reference == "commit 1a2b3c4"
    assert verdict.message == (
        "the edited prompt is worse by 24.0 points: 27.9% against 51.9% at"
        " commit 1a2b3c4 (208 cases, 2 trials each), p < 0.0001, limit 0.025"
    )


def test_weights_decide_the_accuracy() -> None:
    cases = suite(4, weights=[5.0, 1.0, 1.0, 1.0])

    verdict = judged(cases, record(cases), arm(cases), arm(cases, [0]))

    assert verdict.accuracy == pytest.approx(3 / 8)


def test_an_accuracy_surely_below_the_floor_fails() -> None:
    cases = suite(20)
    half = list(range(10))

    verdict = judged(
        cases,
        record(cases, half),
        arm(cases, half),
        arm(cases, half),
        Terms(min_score=0.8),
    )

    assert (verdict.outcome, verdict.cause) == ("fail", "floor")
    assert verdict.message == (
        "50.0% is below min_score 80.0%, and so is its upper 95% bound 70.1%"
    )


def test_an_accuracy_just_below_the_floor_does_not_fail() -> None:
    cases = suite(20)
    some = list(range(5))

    verdict = judged(
        cases,
        record(cases, some),
        arm(cases, some),
        arm(cases, some),
        Terms(min_score=0.8),
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

    verdict = judged(cases, record(cases), arm(cases), new)

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

    verdict = judged(cases, record(cases), arm(cases), arm(cases, [0]))

    assert verdict.worse[0].expected == shown


def test_a_worse_case_carries_what_a_reader_asks_next() -> None:
    cases = suite(20, must_pass=[0], tags={0: ("german", "long")})
    values = {case.id: (1.0,) * 3 for case in cases} | {"c0": (1.0, 0.0, 1.0)}
    cut = replace(trials(0.0)[0], finish_reason="length")

    verdict = judged(
        cases, recorded(cases, values), arm(cases), {**arm(cases), "c0": (cut,) * 3}
    )

    (change,) = verdict.worse
    assert (change.tags, change.must_pass) == (("german", "long"), True)
    assert (change.flaky, change.finish_reason) == (True, "length")
    assert verdict.flaky == ("c0",)
    assert [(tag.tag, tag.was, tag.now) for tag in verdict.tags] == [
        ("german", 1.0, 0.0),
        ("long", 1.0, 0.0),
    ]


def test_a_failure_says_what_the_broken_cases_share() -> None:
    cases = suite(40)

    verdict = judged(cases, record(cases), arm(cases), arm(cases, range(6)))

    assert verdict.pattern == ("6 of 6 broken cases expect 'yes' and got 'no (0)'",)
    assert judged(cases, record(cases), arm(cases), arm(cases)).pattern == ()


def measured(trials_of: Trials, tokens: float, some: int = 0) -> Trials:
    """The same trials, of so many tokens; the first few of them of ten more."""
    return {
        case_id: tuple(
            replace(trial, measures={"tokens": tokens + 10 * (i < some)})
            for trial in entries
        )
        for i, (case_id, entries) in enumerate(trials_of.items())
    }


def test_an_exceeded_limit_fails_and_names_every_figure() -> None:
    cases = suite(20)
    terms = Terms(limits={"tokens": "+10%"}, hypotheses=2)

    verdict = judged(
        cases,
        record(cases),
        measured(arm(cases), 100),
        measured(arm(cases), 125),
        terms,
    )

    assert (verdict.outcome, verdict.cause) == ("fail", "limit")
    assert verdict.message == (
        "the edited prompt exceeds the limit 'tokens' +10% (100 -> 125, p < 0.0001,"
        " limit 0.0125): 100.0% against the baseline's 100.0% (20 cases, 3 trials"
        " each)"
    )
    assert [check.state for check in verdict.limits] == ["exceeded"]


def test_a_limit_that_may_be_exceeded_is_inconclusive_and_asks_for_a_look() -> None:
    cases = suite(20)
    terms = Terms(limits={"tokens": "+0"}, hypotheses=2)

    verdict = judged(
        cases,
        record(cases),
        measured(arm(cases), 100),
        measured(arm(cases), 100, some=3),
        terms,
        look=1,
    )

    assert (verdict.outcome, verdict.cause) == ("inconclusive", "unclear")
    assert goes_on(verdict, 1)
    assert verdict.message.startswith(
        "cannot tell whether the edited prompt keeps the limit 'tokens' +0"
        " (100 -> 101.5, p ="
    )


def test_a_worse_prompt_fails_for_that_whatever_its_limits_say() -> None:
    cases = suite(20)
    terms = Terms(limits={"tokens": "+10%"}, hypotheses=2)

    verdict = judged(
        cases,
        record(cases),
        measured(arm(cases), 100),
        measured(arm(cases, range(9)), 125),
        terms,
    )

    assert (verdict.outcome, verdict.cause) == ("fail", "worse")
    assert [check.state for check in verdict.limits] == ["exceeded"]


def test_a_kept_limit_passes_and_is_shown() -> None:
    cases = suite(20)
    terms = Terms(limits={"tokens": "+10%"}, hypotheses=2)

    verdict = judged(
        cases,
        record(cases),
        measured(arm(cases), 100),
        measured(arm(cases), 105),
        terms,
    )

    assert verdict.outcome == "pass"
    assert [(check.part, check.state) for check in verdict.limits] == [
        ("tokens", "kept")
    ]
