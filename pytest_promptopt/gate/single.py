"""The rules for one arm alone: without a baseline, or not measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from pytest_promptopt import stats
from pytest_promptopt.baseline import BaselineCase
from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.comparison import Pair, scores_of, silence, trial_variance
from pytest_promptopt.gate.finding import ROUNDING
from pytest_promptopt.gate.must_pass import can_fail_alone, limit_beside
from pytest_promptopt.gate.tags import tag_accuracy
from pytest_promptopt.gate.terms import LOOKS, Terms, trials_per_look
from pytest_promptopt.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Trial, Trials

MOST_MISSING = 0.05
"""Share of cases without a reply above which there is no verdict."""

_CAUSES = frozenset({"provider", "budget", "test", "setup"})


def judge_alone(
    cases: Sequence[Case],
    trials: Trials,
    *,
    min_score: float | None = None,
    strict: bool = False,
    terms: Terms | None = None,
) -> Verdict:
    """Decide about a prompt test that has no baseline.

    Args:
        cases: The suite.
        trials: Fresh trials by case id.
        min_score: Floor of the accuracy, in [0, 1]; decides if it is given.
        strict: Whether a missing baseline fails (under CI) or warns.
        terms: What an edit would be held against, once there is a baseline; left out:
            an edit of this prompt test alone.

    Returns:
        The verdict with the accuracy, its interval, and the smallest drop that an edit
        of this suite would show.
    """
    silences = {case.id: silence(trials.get(case.id, ())) for case in cases}
    missing = tuple(sorted(case_id for case_id, why in silences.items() if why))
    pairs = [
        _as_recorded(case, trials[case.id])
        for case in cases
        if not silences[case.id] and scores_of(trials[case.id])
    ]
    if not pairs or len(missing) > MOST_MISSING * len(cases):
        texts = [text for why in silences.values() for text in why]
        return no_verdict(missing, texts, len(cases)) if missing else no_score(trials)
    means, weights = [pair.now for pair in pairs], [pair.case.weight for pair in pairs]
    accuracy = stats.weighted_mean(means, weights)
    verdict = Verdict(
        outcome="pass",
        cause="floor",
        accuracy=accuracy,
        interval=stats.accuracy_interval(means, weights),
        **sight(
            [(pair.new, pair.case.weight) for pair in pairs],
            terms or Terms(),
            cases=len(cases),
            vital=sum(
                pair.case.must_pass and can_fail_alone(pair.recorded) for pair in pairs
            ),
        ),
        trials=max(len(pair.new) for pair in pairs),
        tags=tuple(replace(tag, was=None) for tag in tag_accuracy(pairs)),
        cases=len(pairs),
        missing=missing,
    )
    if min_score is not None:
        return _held_against(min_score, verdict, accuracy)
    return replace(
        verdict,
        outcome="fail" if strict else "inconclusive",
        cause="no baseline",
        message=f"there is no baseline to compare {say.percent(accuracy)} with: record"
        f" one with {say.UPDATE}",
    )


class Sight(TypedDict):
    """Fields of a verdict that say what an edit of a suite would be held against."""

    limit: float
    alpha: float
    vital: int
    hypotheses: int
    detectable: float


def sight(
    scored: Sequence[tuple[tuple[float, ...], float]],
    terms: Terms,
    *,
    cases: int,
    vital: int,
) -> Sight:
    """Return what an edit would be held against, and the smallest drop it would show.

    Args:
        scored: Scores and weight of each case that has some; not empty.
        terms: What the comparison would be held against.
        cases: How many cases would be asked.
        vital: How many ``must_pass`` cases can fail the build alone.
    """
    limit = limit_beside(vital, terms)
    return Sight(
        limit=limit,
        alpha=terms.alpha,
        vital=vital,
        hypotheses=terms.hypotheses,
        detectable=stats.smallest_detectable_drop(
            stats.effective_cases([weight for _, weight in scored]),
            variance=trial_variance(scored),
            trials=LOOKS * trials_per_look(cases),
            alpha=limit,
            tolerance=terms.tolerance,
        ),
    )


def error(
    cause: str, message: str, *, bare: str = "", retryable: bool = False
) -> Verdict:
    """Return the verdict of a prompt test that could not be measured.

    Args:
        cause: ``"provider"``, ``"budget"``, ``"test"``, ``"judge"`` or ``"setup"``.
        message: What happened, in one sentence.
        bare: The same without what cases, replies and endpoints have said.
        retryable: Whether the same run may succeed later: a provider's error that says
            so, never a spent budget or a broken test.
    """
    return Verdict(
        outcome="error", cause=cause, message=message, bare=bare, retryable=retryable
    )


def no_verdict(
    missing: tuple[str, ...], silences: Sequence[str], cases: int
) -> Verdict:
    """Return the error for too many missing trials.

    Args:
        missing: Ids of the cases without a reply; not empty.
        silences: Why, one text per missing trial, led by its cause and a colon.
        cases: How many cases there are.
    """
    # The most frequent reason speaks for all; ties go to the alphabet.
    reason = max(sorted(set(silences)), key=list(silences).count)
    cause, colon, detail = reason.partition(": ")
    if not (colon and cause in _CAUSES):
        cause, detail = "provider", reason
    told = f"{len(missing)} of {say.count(cases, 'case')} could not be scored"
    return replace(error(cause, f"{told}: {detail}", bare=told), missing=missing)


def no_score(trials: Trials, *, where: str = "") -> Verdict:
    """Return the error for replies that came and have no score, with one reason.

    Args:
        trials: Trials of the arm under test.
        where: What follows "no case has a score".
    """
    scores = [trial.score for entries in trials.values() for trial in entries]
    reasons = [score.reason for score in scores if score.value is None]
    if not reasons:
        told = f"no case has a score{where}"
        return error("test", told, bare=told)
    # The most frequent one; ties go to the alphabet.
    reason = max(sorted(set(reasons)), key=reasons.count)
    told = (
        f"no case has a score{where}: {len(reasons)} of "
        f"{say.count(len(scores), 'trial')} got none"
    )
    return error("test", f"{told}, for example: {reason}", bare=told)


def is_below(interval: tuple[float, float], min_score: float) -> bool:
    """Return whether even the interval's upper end is below the floor."""
    return interval[1] < min_score - ROUNDING


def below_floor(
    accuracy: float, interval: tuple[float, float], min_score: float
) -> str:
    """Return the sentence that says so."""
    return (
        f"{say.percent(accuracy)} is below min_score {say.percent(min_score)}, and so"
        f" is its upper 95% bound {say.percent(interval[1])}"
    )


def _as_recorded(case: Case, trials: Sequence[Trial]) -> Pair:
    """Return a case's scores as both arms, and as they would be recorded."""
    values = tuple(trial.score.value for trial in trials)
    scores = scores_of(trials)
    return Pair(
        case=case,
        recorded=BaselineCase(id=case.id, hash="", values=values),
        old=scores,
        new=scores,
        old_trials=(),
        new_trials=(),
    )


def _held_against(min_score: float, verdict: Verdict, accuracy: float) -> Verdict:
    if verdict.interval is not None and is_below(verdict.interval, min_score):
        message = below_floor(accuracy, verdict.interval, min_score)
        return replace(verdict, outcome="fail", message=message)
    if accuracy < min_score - ROUNDING:
        message = (
            f"{say.percent(accuracy)} is below min_score {say.percent(min_score)}, but"
            f" with {say.count(verdict.cases, 'case')} that may be chance"
        )
        unclear = replace(verdict, outcome="inconclusive", cause="unclear")
        return replace(unclear, message=message)
    message = (
        f"{say.percent(accuracy)} reaches min_score {say.percent(min_score)}; there is"
        f" no baseline: record one with {say.UPDATE}"
    )
    return replace(verdict, message=message)
