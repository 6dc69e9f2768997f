"""A proposal that a judge bears out needs a second opinion; judge calls are planned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_script import ADDRESS, drive, level, luck, noisy, plan, says, text_of

from pytest_promptopt.optimize import Evaluate, search
from pytest_promptopt.optimize.opinion import (
    ADVICE,
    JudgePlan,
    objection,
    second_opinion,
)
from pytest_promptopt.records import (
    Candidate,
    Case,
    Completion,
    Proposal,
    Score,
    SecondOpinion,
    Trial,
)
from pytest_promptopt.scorers.asking import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from search_script import Driven

    from pytest_promptopt.optimize import Measure, Moves, Task
    from pytest_promptopt.records import Request

JUDGED = JudgePlan(questions=1, confirming=2, second=True)


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


def seconded(
    worth: Callable[[Candidate], float], *, only: range = range(1000)
) -> Callable[[Candidate, Case, int, Measure], Trial]:
    """Score by the level in a text, and by ``worth`` in the second opinion."""

    def judge(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
        trial = noisy(candidate, case, index, effect)
        number = int(case.id.removeprefix("case"))
        if effect.purpose != "holdout" or number not in only:
            return trial
        draw = luck("second", case.id, index)
        parts = {SECOND: float(draw < worth(candidate))}
        return replace(trial, score=replace(trial.score, parts=parts))

    return judge


def by_level(candidate: Candidate) -> float:
    return level(text_of(candidate))


def searched(
    folder: Path,
    *texts: str,
    judge: Callable[..., Trial],
    terms: JudgePlan | None = JUDGED,
    **changes: Any,
) -> Driven:
    judged = plan(folder, judge=terms, **changes)
    return drive(search(judged, Fixed(texts)), silent, judge)


BETTER = "A better text, level 80."


def test_a_gain_that_the_second_opinion_sees_too_is_proposed_with_both_figures(
    tmp_path: Path,
) -> None:
    result = searched(tmp_path, BETTER, judge=seconded(by_level)).result

    assert result.outcome == "proposed"
    assert result.proposal is not None
    assert result.proposal.second is not None
    assert result.proposal.second.cases == 100
    assert result.proposal.second.gain > 0.3
    assert result.message == (
        "Hold-out: 40.7% -> 82.7%, +42.0 points [34.8, 49.2], p < 0.0001 (limit 0.03), "
        "100 cases. Second opinion: 36.7% -> 81.0%, +44.3 points, p < 0.0001 (limit "
        "0.03), 100 cases."
    )


def test_a_gain_that_only_the_judge_sees_is_unconfirmed_with_both_figures(
    tmp_path: Path,
) -> None:
    result = searched(tmp_path, BETTER, judge=seconded(lambda _: 0.5)).result

    assert result.outcome == "unconfirmed"
    assert result.proposal is None
    assert result.best_candidate is not None
    assert "level 80" in text_of(result.best_candidate)
    assert result.look is not None
    assert result.message == (
        "Better on hold-out by the judge alone: 40.7% -> 82.7%, +42.0 points "
        "[34.8, 49.2], p < 0.0001 (limit 0.03), 100 cases; the second opinion does not "
        "bear it out: 47.0% -> 47.0%, +0.0 points, p = 1 (limit 0.03), 100 cases."
    )


def test_a_judge_without_a_second_opinion_proposes_nothing_and_says_what_to_add(
    tmp_path: Path,
) -> None:
    alone = JudgePlan(questions=1, confirming=1)

    result = searched(tmp_path, BETTER, judge=noisy, terms=alone).result

    assert result.outcome == "unconfirmed"
    assert result.message.endswith(f"100 cases; {ADVICE}.")
    assert 'judge(..., second="openai:other")' in ADVICE


def test_a_second_opinion_on_too_few_cases_confirms_nothing(tmp_path: Path) -> None:
    judge = seconded(by_level, only=range(100, 119))

    result = searched(tmp_path, BETTER, judge=judge).result

    assert result.outcome == "unconfirmed"
    assert result.message.endswith(
        "the second opinion is on 19 hold-out cases, and 20 are needed: label more "
        "cases, or name another judge."
    )


def test_of_two_gains_the_one_that_both_see_is_proposed(tmp_path: Path) -> None:
    def worth(candidate: Candidate) -> float:
        return 0.4 if "flattering" in text_of(candidate) else by_level(candidate)

    result = searched(
        tmp_path, "A flattering text, level 95.", BETTER, judge=seconded(worth)
    ).result

    assert result.outcome == "proposed"
    assert result.proposal is not None
    assert "level 80" in text_of(result.proposal.candidate)


def test_without_a_judge_no_second_opinion_is_needed(tmp_path: Path) -> None:
    result = searched(tmp_path, BETTER, judge=noisy, terms=None).result

    assert result.outcome == "proposed"
    assert result.proposal is not None
    assert result.proposal.second is None
    assert "Second opinion" not in result.message


def trial(second: float | None, *, missing: str | None = None) -> Trial:
    if missing is not None:
        return Trial.lost(missing)
    parts = {} if second is None else {SECOND: second}
    return Trial(score=Score(value=0.5, reason="so so", parts=parts))


CASE = Case(id="a", inputs={})


@pytest.mark.parametrize(
    ("old", "new", "pairs"),
    [
        ((trial(0.0),), (trial(1.0),), 1),
        ((trial(None),), (trial(1.0),), 0),
        ((trial(0.0),), (trial(None),), 1),
        ((trial(0.0),), (trial(None, missing="provider: gone"),), 0),
        ((trial(None), trial(1.0)), (trial(1.0), trial(None)), 1),
    ],
)
def test_a_case_is_compared_if_the_old_arm_has_a_second_opinion_on_it(
    old: tuple[Trial, ...], new: tuple[Trial, ...], pairs: int
) -> None:
    opinion = second_opinion({"a": old}, {"a": new}, [CASE])

    assert (0 if opinion is None else opinion.cases) == pairs


def test_replies_without_a_second_opinion_count_as_wrong_in_the_new_arm() -> None:
    opinion = second_opinion({"a": (trial(1.0),)}, {"a": (trial(None),)}, [CASE])

    assert opinion is not None
    assert (opinion.before, opinion.after) == (1.0, 0.0)


@settings(max_examples=30)
@given(
    gain=st.floats(-1.0, 1.0),
    p=st.floats(0.0, 1.0),
    cases=st.integers(0, 40),
    limit=st.sampled_from([0.03, 0.008]),
)
def test_only_a_significant_gain_on_enough_cases_raises_no_objection(
    gain: float, p: float, cases: int, limit: float
) -> None:
    before = max(0.0, -gain)
    opinion = SecondOpinion(before=before, after=before + gain, p_value=p, cases=cases)

    borne_out = cases >= 20 and p <= limit and opinion.gain > 0

    assert (objection(JUDGED, opinion, limit) == "") is borne_out


def test_a_proposal_with_a_second_opinion_survives_json(tmp_path: Path) -> None:
    proposal = searched(tmp_path, BETTER, judge=seconded(by_level)).result.proposal

    assert proposal is not None
    assert Proposal.from_json(proposal.to_json()) == proposal


def test_the_plan_counts_what_a_judge_is_asked(tmp_path: Path) -> None:
    driven = searched(tmp_path, BETTER, judge=seconded(by_level))

    on_train = sum(each.calls for each in driven.measured if each.purpose == "search")
    on_holdout = sum(each.calls for each in driven.holdout)
    assert driven.result.calls == 2 * on_train + 3 * on_holdout


@pytest.mark.parametrize("budget", range(4900, 7000, 350))
def test_a_budget_holds_with_the_judges_calls_whatever_it_is(
    tmp_path: Path, budget: int
) -> None:
    texts = tuple(f"Text {number}, level {60 + number}." for number in range(8))

    driven = searched(
        tmp_path, *texts, judge=seconded(by_level), budget=budget, steps=1
    )

    judged = sum(
        each.calls * (3 if each.purpose == "holdout" else 2) for each in driven.measured
    )
    assert judged == driven.result.calls <= budget


def test_a_refusal_for_want_of_budget_counts_the_judges_calls(tmp_path: Path) -> None:
    driven = searched(tmp_path, BETTER, judge=noisy, budget=4000)

    # Confirmation: 6 arms x 3 trials x 100 cases x 2 calls, 3 x 3 x 100 x 3 on top.
    assert driven.result.outcome == "refused"
    assert driven.result.message == (
        "triage.j2: 4000 calls buy 0 proposals, fewer than 3: the start takes 200 "
        "calls, each proposal 201 and the confirmation up to 6300, the judge's calls "
        "included; allow at least 7103 calls for each selected prompt test with "
        "--promptopt-budget, which they share"
    )
