"""The rules for prompts that have a baseline: from trials to one of four verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt import stats
from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.comparison import compare
from pytest_promptopt.gate.finding import ROUNDING, Finding, find
from pytest_promptopt.gate.single import (
    MOST_MISSING,
    below_floor,
    error,
    is_below,
    no_verdict,
)
from pytest_promptopt.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.gate.comparison import Comparison
    from pytest_promptopt.records import Case, Trials


def judge_edited(  # noqa: PLR0913 - each is one figure of the rule
    cases: Sequence[Case],
    baseline: Baseline,
    old: Trials,
    new: Trials,
    *,
    edited_tests: int = 1,
    looks: int = 1,
    tolerance: float = 0.02,
    alpha: float = 0.05,
    min_score: float | None = None,
) -> Verdict:
    """Decide whether an edited prompt is worse than the baseline's.

    Both arms are fresh trials of one run. *Fail* takes a drop of at least
    ``tolerance``, an exact stratified p within the limit and a case-level sign-flip
    mid-p within 0.10; or a broken ``must_pass`` case; or an accuracy whose upper 95 %
    bound is below ``min_score``. *Pass* takes a drop below ``tolerance`` or one that
    chance explains (p above 0.3), also with lost cases counted as wrong.

    Args:
        cases: The suite as it is now; ids are unique.
        baseline: The committed record.
        old: Trials of the baseline arm, by case id.
        new: Trials of the edited arm, by case id.
        edited_tests: How many edited prompt tests share the error rate, at least 1.
        looks: How many looks share it, at least 1.
        tolerance: Smallest drop that matters, as a share.
        alpha: False alarms that the whole suite may raise, as a share of runs.
        min_score: Floor of the accuracy, in [0, 1].

    Returns:
        The verdict with all its figures.
    """
    compared = compare(cases, baseline, old, new)
    if (refusal := _refusal(compared, baseline)) is not None:
        return refusal
    found = find(
        compared,
        limit=alpha / (looks * edited_tests),
        tolerance=tolerance,
        edited_tests=edited_tests,
        date=baseline.date,
    )
    if found.fails:
        message = (
            f"the edited prompt is worse by {say.points(found.drop)}:"
            f" {found.figures}, {found.test}"
        )
        return found.verdict("fail", "worse", message)
    if broken := _broken_must_pass(compared):
        message = (
            f"the edited prompt breaks {say.named('must_pass case', broken)}:"
            " always right in the baseline, now wrong in most trials"
        )
        return found.verdict("fail", "must_pass", message)
    if min_score is not None and is_below(found.interval, min_score):
        message = below_floor(found.accuracy, found.interval, min_score)
        return found.verdict("fail", "floor", message)
    if not found.passes:
        return found.verdict("inconclusive", "unclear", _unclear(found))
    if doubt := _doubt_by_loss(found):
        return found.verdict("inconclusive", "cases lost", doubt)
    return _passed(found, alpha)


def judge_unedited(
    cases: Sequence[Case],
    baseline: Baseline,
    new: Trials,
    *,
    edited_tests: int = 1,
    tolerance: float = 0.02,
    alpha: float = 0.05,
    min_score: float | None = None,
) -> Verdict:
    """Decide about a prompt whose requests are the baseline's, called anyway.

    Its trials are compared with the recorded ones. A drop cannot be the prompt's
    doing, so that it does not fail: it is *inconclusive* with the cause ``drift``.
    Only a floor can fail it.

    Args:
        cases: The suite as it is now.
        baseline: The committed record.
        new: Fresh trials, usually one per case.
        edited_tests: How many prompt tests share the error rate, at least 1.
        tolerance: Smallest drop that matters, as a share.
        alpha: False alarms that the whole suite may raise, as a share of runs.
        min_score: Floor of the accuracy, in [0, 1].

    Returns:
        The verdict with all its figures.
    """
    compared = compare(cases, baseline, None, new)
    if (refusal := _refusal(compared, baseline)) is not None:
        return refusal
    found = find(
        compared,
        limit=alpha / edited_tests,
        tolerance=tolerance,
        edited_tests=edited_tests,
        date=baseline.date,
    )
    if min_score is not None and is_below(found.interval, min_score):
        message = below_floor(found.accuracy, found.interval, min_score)
        return found.verdict("fail", "floor", message)
    if found.matters and found.is_significant:
        message = (
            f"not the prompt: it scores {found.figures}, {found.test}, with the"
            f" requests of {baseline.date}: model, scorer or code changed since"
        )
        return found.verdict("inconclusive", "drift", message)
    if doubt := _doubt_by_loss(found):
        return found.verdict("inconclusive", "cases lost", doubt)
    message = f"the requests are those of {baseline.date}: {found.figures}"
    return found.verdict("pass", "same", message)


def report_only(verdict: Verdict) -> Verdict:
    """Let a verdict pass with all its figures, saying what it would have been.

    A pass stays what it is, and so does an error: it has no figures to report.
    """
    if verdict.outcome in ("pass", "error"):
        return verdict
    message = f"would have been {verdict.outcome} ({verdict.cause}): {verdict.message}"
    return replace(verdict, outcome="pass", cause="report only", message=message)


def _refusal(compared: Comparison, baseline: Baseline) -> Verdict | None:
    """Return the verdict of a comparison that cannot be made; ``None`` if it can."""
    silent = len(compared.missing)
    if silent > MOST_MISSING * compared.common or (silent and not compared.pairs):
        found = no_verdict(compared.missing, compared.silences, compared.common)
    elif compared.pairs:
        return None
    elif compared.common:
        found = error("test", "no case has a score in both arms")
    else:
        message = (
            "no case is the same as in the baseline: restore the cases, or record"
            f" {say.RECORD}"
        )
        found = Verdict(outcome="inconclusive", cause="cases lost", message=message)
    return replace(
        found,
        removed=compared.removed,
        changed=compared.changed,
        added=compared.added,
        baseline_date=baseline.date,
    )


def _broken_must_pass(compared: Comparison) -> list[str]:
    """Return the must_pass cases that the edit broke.

    One that the baseline's prompt now gets wrong as well is the model's doing.
    """
    return sorted(
        pair.case.id
        for pair in compared.pairs
        if pair.case.must_pass
        and pair.recorded.always_right
        and _mostly_wrong(pair.new)
        and not _mostly_wrong(pair.old)
    )


def _mostly_wrong(scores: Sequence[float]) -> bool:
    return 2 * sum(score < 1.0 - ROUNDING for score in scores) > len(scores)


def _unclear(found: Finding) -> str:
    compared = found.compared
    needed = stats.cases_needed(
        found.drop,
        variance=compared.variance(),
        trials=compared.trials,
        alpha=found.limit,
    )
    if found.is_significant:
        advice = "too few cases changed to tell; more cases would settle it"
    elif needed > len(compared.pairs):
        advice = f"about {needed} cases would settle a drop of this size"
    else:
        advice = "more trials of each case would settle it"
    return (
        "cannot tell whether the edited prompt is worse by"
        f" {say.points(found.drop)}: {found.figures}, {found.test}; {advice}"
    )


def _doubt_by_loss(found: Finding) -> str:
    """Return why a pass does not hold with the lost cases in mind; empty if it does."""
    compared = found.compared
    vital = sorted(
        case.id for case in compared.lost if case.must_pass and case.always_right
    )
    if not compared.lost or (not vital and found.passes_if_lost):
        return ""
    why = (
        f"{say.named('must_pass case', vital)} among them"
        if vital
        else "counted as wrong they make a drop of"
        f" {say.points(min(1.0, compared.drop_if_lost()))}"
    )
    return f"{say.lost_cases(compared)}, {why}: restore them, or record {say.RECORD}"


def _passed(found: Finding, alpha: float) -> Verdict:
    gained = found.drop <= ROUNDING - found.tolerance
    if gained and found.compared.p_value("gain") <= alpha:
        message = (
            f"the edited prompt is better by {say.points(found.drop)}: {found.figures}"
        )
        return found.verdict("pass", "better", message)
    if found.matters:
        message = (
            f"a drop of {say.points(found.drop)} that chance explains"
            f" (p {say.chance(found.p)}): {found.figures}"
        )
    else:
        message = f"no drop of {say.points(found.tolerance)} or more: {found.figures}"
    return found.verdict("pass", "same", message)
