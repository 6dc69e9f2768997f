"""Prompts whose requests are the baseline's: carried over, or called anyway."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_promptopt import stats
from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.comparison import Pair, common_cases, compare, is_same
from pytest_promptopt.gate.finding import find
from pytest_promptopt.gate.lost import doubt_by_loss, refusal
from pytest_promptopt.gate.must_pass import eligible
from pytest_promptopt.gate.single import below_floor, error, is_below, sight
from pytest_promptopt.gate.tags import tag_accuracy
from pytest_promptopt.records import Redraw, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.baseline import Baseline, BaselineCase
    from pytest_promptopt.gate.terms import Terms
    from pytest_promptopt.records import Case, Trials


def judge_unedited(
    cases: Sequence[Case], baseline: Baseline, new: Trials, terms: Terms
) -> Verdict:
    """Decide about a prompt whose requests are the baseline's, called anyway.

    Its trials are compared with the recorded ones. A drop cannot be the prompt's
    doing, and whether the model drifted is decided for the suite as a whole
    (:func:`~pytest_promptopt.gate.drift.judge_drift`). So it passes, unless it is
    below its floor or lost cases.

    Args:
        cases: The suite as it is now.
        baseline: The committed record.
        new: Fresh trials, usually one per case.
        terms: What an edit would be held against.

    Returns:
        The verdict. Its p is held against alpha itself, for information; what it could
        have shown is what an edit would have to cause.
    """
    compared = compare(cases, baseline, None, new)
    if (refused := refusal(compared, cases, new, baseline, terms)) is not None:
        return refused
    vital = len(eligible(cases, baseline))
    found = find(compared, terms, date=baseline.date, vital=vital, limit=terms.alpha)
    if terms.min_score is not None and is_below(found.interval, terms.min_score):
        message = below_floor(found.accuracy, found.interval, terms.min_score)
        return found.verdict("fail", "floor", message)
    if doubt := doubt_by_loss(found, alone=True):
        return found.verdict("inconclusive", "cases lost", doubt)
    recorded = say.percent(found.baseline_accuracy)
    message = (
        f"the requests are those of {terms.reference or baseline.date}:"
        f" {found.figures_beside(f'the recorded {recorded}')}, {say.p_value(found.p)}"
    )
    return found.verdict("pass", "same", message)


def redraws(
    cases: Sequence[Case], baseline: Baseline, trials: Trials
) -> tuple[Redraw, ...]:
    """Return the recorded scores beside fresh ones of the same requests.

    Args:
        cases: The suite as it is now.
        baseline: The committed record.
        trials: Fresh trials of the baseline's own requests.

    Returns:
        One per case that can be compared.
    """
    compared = compare(cases, baseline, None, trials)
    return tuple(
        Redraw(weight=pair.case.weight, recorded=pair.old, fresh=pair.new)
        for pair in compared.pairs
    )


def judge_unchanged(cases: Sequence[Case], baseline: Baseline, terms: Terms) -> Verdict:
    """Carry over the recorded score of a prompt test that nothing changed.

    Args:
        cases: The suite as it is now, which is the baseline's.
        baseline: The committed record.
        terms: What an edit would be held against; the floor may have been raised since.

    Returns:
        The verdict with the recorded figures in both places.
    """
    scored = [case for case in baseline.cases if case.scores]
    reference = say.reference(terms.reference, baseline.date)
    if not scored:
        told = f"{reference} has no score"
        return replace(
            error("test", told, bare=told),
            reference=reference,
            baseline_date=baseline.date,
        )
    means = [fmean(case.scores) for case in scored]
    weights = [case.weight for case in scored]
    accuracy = stats.weighted_mean(means, weights)
    interval = stats.accuracy_interval(means, weights)
    seen = sight(
        [(case.scores, case.weight) for case in scored],
        terms,
        cases=common_cases(cases, baseline),
        vital=len(eligible(cases, baseline)),
    )
    carried = Verdict(
        outcome="pass",
        cause="unchanged",
        accuracy=accuracy,
        interval=interval,
        baseline_accuracy=accuracy,
        baseline_interval=interval,
        **seen,
        trials=max(len(case.values) for case in scored),
        reference=reference,
        tags=tag_accuracy(_carried_over(cases, scored)),
        flaky=tuple(sorted(case.id for case in scored if len({*case.scores}) > 1)),
        cases=len(scored),
        baseline_date=baseline.date,
    )
    if terms.min_score is not None and is_below(interval, terms.min_score):
        message = below_floor(accuracy, interval, terms.min_score)
        return replace(carried, outcome="fail", cause="floor", message=message)
    message = (
        f"nothing changed since {terms.reference or baseline.date}:"
        f" {say.percent(accuracy)} as recorded"
    )
    return replace(carried, message=message)


def judge_kept(
    cases: Sequence[Case], baseline: Baseline, terms: Terms, *, why: str
) -> Verdict:
    """Leave a baseline as it is, where others are recorded anew.

    Args:
        cases: The suite as it is now.
        baseline: The committed record.
        terms: What an edit would be held against.
        why: Why it is left, in a few words.

    Returns:
        A pass with the record's figures, where it has any.
    """
    found = judge_unchanged(cases, baseline, replace(terms, min_score=None))
    message = f"baseline of {baseline.date} kept: {why}"
    return replace(found, outcome="pass", cause="kept", message=message)


def _carried_over(
    cases: Sequence[Case], recorded: Sequence[BaselineCase]
) -> tuple[Pair, ...]:
    """Return the recorded scores as both arms, case by case."""
    known = {case.id: case for case in recorded}
    return tuple(
        Pair(
            case=case,
            recorded=known[case.id],
            old=known[case.id].scores,
            new=known[case.id].scores,
            old_trials=(),
            new_trials=(),
        )
        for case in cases
        if is_same(case, known.get(case.id))
    )
