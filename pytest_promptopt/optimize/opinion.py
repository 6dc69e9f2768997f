"""The second opinion that a proposal needs where a model has judged the replies.

A search finds what its judge likes, which need not be what is right. So what the judge
bears out on the hold-out is proposed only if somebody else, another judge or a scorer
on labelled cases, sees a gain there as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.records import SecondOpinion
from pytest_promptopt.scorers.asking import SECOND
from pytest_promptopt.stats import sign_flip_p, weighted_mean
from pytest_promptopt.wording import chance, change, count, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Trial, Trials

MIN_CASES = 20
"""Hold-out cases that a second opinion must have to bear a gain out."""

ADVICE = (
    "a gain that only the judge sees is not proposed: have a second opinion, "
    'judge(..., second="openai:other"), or second="exact" where cases have '
    "an 'expected', and search again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgePlan:
    """What a judge adds to a search.

    Attributes:
        questions: What it is asked at most about one reply, from 0.
        confirming: The same on the hold-out, the second opinion included.
        second: Whether there is a second opinion to ask for.
    """

    questions: int
    confirming: int
    second: bool = False


def second_opinion(
    old: Trials, new: Trials, cases: Sequence[Case]
) -> SecondOpinion | None:
    """Compare two candidates by the second opinion, case by case.

    A case without it in the old arm says nothing. A case that has it there, and whose
    replies to the new candidate came without it, counts as wrong, as in the comparison
    by the judge.

    Args:
        old: Hold-out trials of the incumbent, by case id.
        new: The same of the candidate.
        cases: The hold-out cases.

    Returns:
        The comparison; ``None`` if no case can be compared.
    """
    pairs = []
    for case in cases:
        was, now = _mean(old[case.id]), _mean(new[case.id])
        if now is None and any(trial.missing is None for trial in new[case.id]):
            now = 0.0
        if was is not None and now is not None:
            pairs.append((case.weight, was, now))
    if not pairs:
        return None
    weights = [weight for weight, _, _ in pairs]
    return SecondOpinion(
        before=weighted_mean([was for _, was, _ in pairs], weights),
        after=weighted_mean([now for _, _, now in pairs], weights),
        p_value=sign_flip_p(
            [now - was for _, was, now in pairs], side="gain", weights=weights
        ),
        cases=len(pairs),
    )


def objection(judge: JudgePlan, opinion: SecondOpinion | None, level: float) -> str:
    """Return why a gain by the judge is not borne out; empty if it is.

    Args:
        judge: What the judge adds to the search.
        opinion: What the second opinion says, if it says anything.
        level: What its p is held against: the same as the judge's.
    """
    if not judge.second:
        return ADVICE
    cases = 0 if opinion is None else opinion.cases
    if opinion is None or cases < MIN_CASES:
        return (
            f"the second opinion is on {count(cases, 'hold-out case')}, and "
            f"{MIN_CASES} are needed: label more cases, or name another judge"
        )
    if opinion.p_value <= level and opinion.gain > 0:
        return ""
    return f"the second opinion does not bear it out: {figures(opinion, level)}"


def figures(opinion: SecondOpinion, level: float) -> str:
    """Write a second opinion: ``"60.0% -> 70.0%, +10.0 points, p = 0.01 ..."``."""
    return (
        f"{percent(opinion.before)} -> {percent(opinion.after)}, "
        f"{change(opinion.gain)}, {p_value(opinion.p_value)} "
        f"(limit {chance(level)}), {count(opinion.cases, 'case')}"
    )


def _mean(trials: Sequence[Trial]) -> float | None:
    given = [
        trial.score.parts[SECOND] for trial in trials if SECOND in trial.score.parts
    ]
    return math.fsum(given) / len(given) if given else None
