"""The rules for one arm alone: without a baseline, or not measured."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_promptopt import stats
from pytest_promptopt.baseline import BaselineCase
from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.comparison import Pair, scores_of, silence
from pytest_promptopt.gate.finding import ROUNDING
from pytest_promptopt.gate.tags import tag_accuracy
from pytest_promptopt.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, TagAccuracy, Trials

MOST_MISSING = 0.05
"""Share of cases without a reply above which there is no verdict."""

_CAUSES = frozenset({"provider", "budget", "test", "setup"})


def judge_alone(
    cases: Sequence[Case],
    trials: Trials,
    *,
    min_score: float | None = None,
    strict: bool = False,
) -> Verdict:
    """Decide about a prompt test that has no baseline.

    Args:
        cases: The suite.
        trials: Fresh trials by case id.
        min_score: Floor of the accuracy, in [0, 1]; decides if it is given.
        strict: Whether a missing baseline fails (under CI) or warns.

    Returns:
        The verdict with the accuracy and its interval.
    """
    silences = {case.id: silence(trials.get(case.id, ())) for case in cases}
    missing = tuple(sorted(case_id for case_id, why in silences.items() if why))
    scored = [
        (case, scores)
        for case in cases
        if not silences[case.id] and (scores := scores_of(trials[case.id]))
    ]
    if not scored or len(missing) > MOST_MISSING * len(cases):
        texts = [text for why in silences.values() for text in why]
        return no_verdict(missing, texts, len(cases))
    means = [fmean(scores) for _, scores in scored]
    weights = [case.weight for case, _ in scored]
    accuracy = stats.weighted_mean(means, weights)
    verdict = Verdict(
        outcome="pass",
        cause="floor",
        accuracy=accuracy,
        interval=stats.accuracy_interval(means, weights),
        trials=max(len(scores) for _, scores in scored),
        tags=_tags(scored),
        cases=len(scored),
        missing=missing,
    )
    if min_score is not None:
        return _held_against(min_score, verdict, accuracy)
    message = (
        f"there is no baseline to compare {say.percent(accuracy)} with: record"
        f" one with {say.UPDATE}"
    )
    outcome = replace(verdict, outcome="fail" if strict else "inconclusive")
    return replace(outcome, cause="no baseline", message=message)


def error(cause: str, message: str, *, retryable: bool = False) -> Verdict:
    """Return the verdict of a prompt test that could not be measured.

    Args:
        cause: ``"provider"``, ``"budget"``, ``"test"`` or ``"setup"``.
        message: What happened, in one sentence.
        retryable: Whether the same run may succeed later: a provider's error that says
            so, never a spent budget or a broken test.
    """
    return Verdict(outcome="error", cause=cause, message=message, retryable=retryable)


def no_verdict(
    missing: tuple[str, ...], silences: Sequence[str], cases: int
) -> Verdict:
    """Return the error for too many missing trials, or for no score at all.

    Args:
        missing: Ids of the cases without a reply.
        silences: Why, one text per missing trial, led by its cause and a colon.
        cases: How many cases there are.
    """
    if not missing:
        return error("test", "no case has a score")
    # The most frequent reason speaks for all; ties go to the alphabet.
    reason = max(sorted(set(silences)), key=list(silences).count)
    cause, colon, detail = reason.partition(": ")
    if not (colon and cause in _CAUSES):
        cause, detail = "provider", reason
    message = (
        f"{len(missing)} of {say.count(cases, 'case')} could not be scored: {detail}"
    )
    return replace(error(cause, message), missing=missing)


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


def _tags(
    scored: Sequence[tuple[Case, tuple[float, ...]]],
) -> tuple[TagAccuracy, ...]:
    """Return the accuracy per tag, which nothing is there to compare with."""
    pairs = [
        Pair(
            case=case,
            recorded=BaselineCase(id=case.id, hash="", values=scores),
            old=scores,
            new=scores,
            old_trials=(),
            new_trials=(),
        )
        for case, scores in scored
        if case.tags
    ]
    return tuple(replace(accuracy, was=None) for accuracy in tag_accuracy(pairs))


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
