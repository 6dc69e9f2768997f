from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from search_script import (
    ADDRESS,
    cases,
    drive,
    level,
    luck,
    noisy,
    plan,
    right,
    says,
    steady,
    text_of,
)

from pytest_promptopt.errors import BudgetExhausted
from pytest_promptopt.optimize import Evaluate, search
from pytest_promptopt.records import (
    Candidate,
    Case,
    Completion,
    Score,
    SearchResult,
    Trial,
    digest,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from search_script import Driven

    from pytest_promptopt.optimize import Measure, Moves, Task
    from pytest_promptopt.records import Request


@dataclass
class Fixed:
    """Evaluates the texts it was given, and that is all."""

    texts: tuple[str, ...]
    name: str = "fixed"

    def search(self, task: Task) -> Moves:
        drafts = [task.rewritten(task.incumbent, ADDRESS, text) for text in self.texts]
        yield Evaluate(candidates=tuple(drafts), cases=task.cases)


def silent(request: Request) -> Completion:
    return says("never asked")


def confirmed(
    folder: Path, *texts: str, judge: Callable[..., Trial] = steady, **changes: Any
) -> Driven:
    return drive(search(plan(folder, **changes), Fixed(texts)), silent, judge)


def named(driven: Driven, effect: Measure) -> list[str]:
    return [text_of(entry).strip() for entry in effect.candidates]


SIX = tuple(f"Text {number}, level {60 + number}." for number in range(6))
START = "Sort the ticket, level 40."


def test_the_five_best_and_the_incumbent_get_three_more_train_trials(
    tmp_path: Path,
) -> None:
    driven = confirmed(tmp_path, *SIX)

    again = driven.measured[2]
    assert named(driven, again) == [START, *reversed(SIX[1:])]
    assert again.indices == range(1, 4)
    assert len(again.cases) == 100
    assert again.purpose == "search"


def test_a_text_that_does_not_beat_the_start_is_no_finalist(tmp_path: Path) -> None:
    driven = confirmed(tmp_path, "A, level 39.", "B, level 40.", "C, level 60.")

    assert named(driven, driven.measured[2]) == [START, "C, level 60."]


def test_the_best_two_and_the_incumbent_see_the_hold_out(tmp_path: Path) -> None:
    driven = confirmed(tmp_path, *SIX, judge=noisy)

    (look,) = driven.holdout
    assert len(look.candidates) == 3
    assert named(driven, look)[0] == START
    assert {case.id for case in look.cases} == {f"case{n}" for n in range(100, 200)}
    assert look.indices == range(3)


def test_a_deterministic_model_needs_one_hold_out_trial(tmp_path: Path) -> None:
    assert confirmed(tmp_path, *SIX, judge=steady).holdout[0].indices == range(1)


def test_one_reply_that_differs_takes_three_hold_out_trials(tmp_path: Path) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        trial = steady(candidate, case, index, effect)
        once = case.id == "case7" and index == 2
        return replace(trial, output="other words") if once else trial

    assert confirmed(tmp_path, *SIX, judge=judge).holdout[0].indices == range(3)


def test_the_run_id_names_incumbent_hold_out_candidates_and_seed(
    tmp_path: Path,
) -> None:
    driven = confirmed(tmp_path, *SIX, seed=3)

    (look,) = driven.holdout
    hashes = sorted(case.hash for case in look.cases)
    keys = [candidate.key for candidate in look.candidates]
    assert look.run == digest([keys[0], hashes, keys[1:], 3])
    assert driven.result.look == {
        "incumbent": keys[0],
        "holdout": hashes,
        "run": look.run,
    }
    assert confirmed(tmp_path, *SIX, seed=3).holdout[0].run == look.run
    assert confirmed(tmp_path, *SIX, seed=4).holdout[0].run != look.run


def test_without_a_better_text_the_hold_out_stays_unused(tmp_path: Path) -> None:
    driven = confirmed(tmp_path, "A, level 39.", "B, level 40.")

    assert driven.result.outcome == "nothing better"
    assert driven.holdout == []
    assert driven.result.look is None
    assert len(driven.measured) == 2


def test_what_was_lucky_once_does_not_reach_the_hold_out(tmp_path: Path) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        if "lucky" in text_of(candidate) and index == 0:
            return right(True)
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A lucky one, level 10.", judge=judge)

    assert driven.result.outcome == "nothing better"
    assert driven.result.best_candidate is None
    assert driven.holdout == []


def test_a_result_survives_json(tmp_path: Path) -> None:
    result = confirmed(tmp_path, *SIX).result

    rebuilt = SearchResult.from_json(json.loads(json.dumps(result.to_json())))

    assert rebuilt == result


def test_a_proposal_reports_hold_out_figures(tmp_path: Path) -> None:
    driven = confirmed(tmp_path, "A, level 60.", "B, level 55.")

    proposal = driven.result.proposal
    assert proposal is not None
    assert text_of(proposal.candidate) == "A, level 60.\n"
    assert (proposal.before, proposal.after) == (0.4, 0.6)
    assert proposal.interval == pytest.approx((0.1202, 0.2798), abs=1e-4)
    assert proposal.p_value == 2.0**-20
    assert proposal.alpha == pytest.approx(0.05 * 6 / 9.8696044 / 2)
    assert (proposal.look, proposal.holdout_cases, proposal.trials) == (0, 100, 1)
    assert [edit.replacement for edit in proposal.edits] == ["A, level 60.\n"]
    assert driven.result.best_candidate == proposal.candidate
    assert driven.result.message == (
        "Hold-out: 40.0% -> 60.0%, +20.0 points [12.0, 28.0], p < 0.0001 "
        "(limit 0.015), 100 cases."
    )


def test_a_gain_that_holds_on_train_only_is_not_proposed(tmp_path: Path) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        if effect.purpose == "holdout":
            return right(int(case.id.removeprefix("case")) % 2 == 0)
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 60.", judge=judge)

    result = driven.result
    assert (result.outcome, result.proposal) == ("unconfirmed", None)
    assert result.look is not None
    assert result.best_candidate is not None
    assert result.message == (
        "Better on train, not confirmed on hold-out: 50.0% -> 50.0%, +0.0 points "
        "[0.0, 0.0], p = 1 (limit 0.03), 100 cases."
    )


@pytest.mark.parametrize(
    ("gains", "looks", "proposed"),
    [
        (6, 0, True),  # 2**-6 = .016 <= .030, one candidate
        (5, 0, False),  # 2**-5 = .031
        (7, 1, False),  # 2**-7 = .0078 > .0076
        (8, 1, True),
        (8, 2, False),  # 2**-8 = .0039 > .0034
        (9, 2, True),
    ],
)
def test_each_look_at_the_hold_out_asks_for_more(
    tmp_path: Path, gains: int, looks: int, *, proposed: bool
) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        number = int(case.id.removeprefix("case"))
        if effect.purpose == "holdout":
            return right("A" in text_of(candidate) and number % 100 < gains)
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 60.", judge=judge, looks=looks)

    assert (driven.result.proposal is not None) is proposed
    if driven.result.proposal:
        assert driven.result.proposal.look == looks


@pytest.mark.parametrize(
    ("gains", "outcome", "why"),
    [
        (10, "proposed", "Hold-out: 80.0% -> 82.0%, +2.0 points"),
        (9, "unconfirmed", "500 cases; at least 2.0 points are needed."),
        (1, "unconfirmed", "p = 0.5 (limit 0.03), 500 cases."),
    ],
)
def test_a_gain_below_two_points_is_not_proposed_and_says_so(
    tmp_path: Path, gains: int, outcome: str, why: str
) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        number = int(case.id.removeprefix("case"))
        if effect.purpose == "holdout":
            found = gains if "A" in text_of(candidate) else 0
            return right(number % 500 < 400 + found)
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 60.", judge=judge, cases=cases(1000))

    assert driven.result.outcome == outcome
    assert why in driven.result.message


@pytest.mark.parametrize(("gains", "proposed"), [(6, False), (7, True)])
def test_two_candidates_share_the_level_of_a_look(
    tmp_path: Path, gains: int, *, proposed: bool
) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        number = int(case.id.removeprefix("case"))
        if effect.purpose == "holdout":
            return right("A" in text_of(candidate) and number % 100 < gains)
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 60.", "B, level 70.", judge=judge)

    assert (driven.result.proposal is not None) is proposed


def test_of_two_confirmed_candidates_the_larger_hold_out_gain_is_proposed(
    tmp_path: Path,
) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        if effect.purpose == "holdout" and "A" in text_of(candidate):
            return right(True)
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 60.", "B, level 70.", judge=judge)

    assert driven.result.proposal is not None
    assert "A" in text_of(driven.result.proposal.candidate)
    assert driven.result.best_candidate is not None
    assert "B" in text_of(driven.result.best_candidate)


def test_a_gain_below_two_points_is_not_proposed(tmp_path: Path) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        number = int(case.id.removeprefix("case"))
        if effect.purpose == "holdout":
            base = 0.7 if "A" in text_of(candidate) else 0.685
            return Trial(score=Score(value=base, reason="close"), output=str(number))
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 60.", judge=judge)

    assert driven.result.outcome == "unconfirmed"
    assert "+1.5 points" in driven.result.message


@pytest.mark.parametrize("side", ["train", "holdout"])
def test_a_broken_must_pass_case_stops_a_proposal_on_either_side(
    tmp_path: Path, side: str
) -> None:
    key = "case0" if side == "train" else "case100"
    given = tuple(replace(case, must_pass=case.id == key) for case in cases(200))

    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        if case.id == key:
            return right("A" not in text_of(candidate))
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 70.", judge=judge, cases=given)

    assert driven.result.outcome == "unconfirmed"
    assert driven.result.message.endswith(f"100 cases; breaks must_pass {key}.")


def test_a_must_pass_case_that_slips_once_is_not_broken(tmp_path: Path) -> None:
    given = tuple(replace(case, must_pass=case.id == "case0") for case in cases(200))

    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        if case.id == "case0":
            return right("A" not in text_of(candidate) or index != 1)
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 70.", judge=judge, cases=given)

    assert driven.result.outcome == "proposed"


def test_weights_count_in_the_gain(tmp_path: Path) -> None:
    heavy = {f"case{number}" for number in range(100, 110)}
    given = tuple(
        replace(case, weight=9.0 if case.id in heavy else 1.0) for case in cases(200)
    )

    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        if effect.purpose == "holdout":
            return right("A" in text_of(candidate) and case.id in heavy)
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 70.", judge=judge, cases=given)

    assert driven.result.proposal is not None
    assert driven.result.proposal.gain == pytest.approx(90 / 180)


def test_a_candidate_does_not_gain_by_making_the_test_skip(tmp_path: Path) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        trial = steady(candidate, case, index, effect)
        hard = trial.score.value == 0.0 or "A" not in text_of(candidate)
        if effect.purpose == "holdout" and "A" in text_of(candidate) and hard:
            return Trial(score=Score.unscored("skipped"))
        return trial

    driven = confirmed(tmp_path, "A, level 45.", judge=judge)

    assert driven.result.outcome == "unconfirmed"
    assert "40.0% -> 45.0%" in driven.result.message


def test_hold_out_cases_without_a_reply_are_left_out_of_the_pairs(
    tmp_path: Path,
) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        if case.id in ("case100", "case101") and "A" in text_of(candidate):
            return Trial.lost("provider")
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 70.", judge=judge)

    assert driven.result.proposal is not None
    assert driven.result.proposal.holdout_cases == 98


def test_an_outage_during_the_look_proposes_nothing(tmp_path: Path) -> None:
    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        if effect.purpose == "holdout" and luck(case.id) < 0.2:
            return Trial.lost("provider")
        return steady(candidate, case, index, effect)

    driven = confirmed(tmp_path, "A, level 70.", judge=judge)

    assert (driven.result.outcome, driven.result.proposal) == ("error", None)
    assert driven.result.look is None
    assert driven.result.best_candidate is not None


def test_a_budget_that_ends_in_the_confirmation_leaves_it_unconfirmed(
    tmp_path: Path,
) -> None:
    searched = search(plan(tmp_path), Fixed(("A, level 70.",)))
    effect: Any = next(searched)
    result = None
    while result is None:
        try:
            if effect.purpose == "holdout":
                searched.throw(BudgetExhausted("9 calls are spent", "allow more"))
            answer = tuple(
                {
                    case.id: tuple(
                        steady(entry, case, index, effect) for index in effect.indices
                    )
                    for case in effect.cases
                }
                for entry in effect.candidates
            )
            effect = searched.send(answer)
        except StopIteration as stop:
            result = stop.value

    assert (result.outcome, result.stopped) == ("unconfirmed", "budget")
    assert result.look is None


def test_levels_of_scripted_texts_are_read() -> None:
    assert level("Sort, level 40.") == 0.4
