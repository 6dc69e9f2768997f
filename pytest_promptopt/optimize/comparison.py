"""A finalist against the incumbent on the hold-out, case by case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.gain_split import gain_split
from pytest_promptopt.optimize.opinion import second_opinion
from pytest_promptopt.optimize.preflight import FRESH_TRIALS
from pytest_promptopt.optimize.score_changes import compared_means, score_changes
from pytest_promptopt.stats import difference_interval, sign_flip_p, weighted_mean
from pytest_promptopt.wording import chance, change, count, interval, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize.run import Run
    from pytest_promptopt.records import (
        Candidate,
        Case,
        GainSplit,
        ScoreChange,
        SecondOpinion,
        Trial,
    )

MIN_GAIN = 0.02
"""A smaller hold-out gain is not proposed, as a share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A candidate against the incumbent on the hold-out.

    Attributes:
        candidate: The candidate.
        before: Accuracy of the incumbent over the compared cases, in [0, 1].
        after: Accuracy of the candidate over the same cases.
        interval: 95 % interval of the gain, as shares.
        p_value: One-sided exact case-level sign-flip p.
        cases: How many cases were compared.
        broken: Ids of ``must_pass`` cases that the candidate breaks.
        second: What the second opinion says, where a model judges and there is one.
        changes: The cases whose scores differ, the greatest loss first.
        split: What the gain is made of, as far as anybody can tell.
    """

    candidate: Candidate
    before: float
    after: float
    interval: tuple[float, float]
    p_value: float
    cases: int
    broken: tuple[str, ...] = ()
    second: SecondOpinion | None = None
    changes: tuple[ScoreChange, ...] = ()
    split: GainSplit | None = None

    @property
    def gain(self) -> float:
        """Hold-out gain, as a share."""
        return self.after - self.before

    @property
    def is_large(self) -> bool:
        """Whether the gain is large enough to be proposed."""
        return self.gain >= MIN_GAIN - 1e-9


def compare(
    run: Run, candidate: Candidate, holdout: Sequence[Case], trials: int
) -> Comparison:
    """Compare a candidate with the incumbent, case by case."""
    old = run.ledger.trials(run.task.incumbent, holdout, trials)
    new = run.ledger.trials(candidate, holdout, trials)
    pairs = compared_means(old, new, holdout)
    weights = [case.weight for case, _, _ in pairs]
    differences = [now - was for _, was, now in pairs]
    return Comparison(
        candidate=candidate,
        before=weighted_mean([was for _, was, _ in pairs], weights) if pairs else 0.0,
        after=weighted_mean([now for _, _, now in pairs], weights) if pairs else 0.0,
        interval=difference_interval(differences, weights) if pairs else (-1.0, 1.0),
        p_value=sign_flip_p(differences, side="gain", weights=weights),
        cases=len(pairs),
        broken=_broken(run, candidate, (*run.task.cases, *holdout)),
        changes=score_changes(pairs, holdout=True),
        split=gain_split(old, new, holdout),
        second=None if run.plan.judge is None else second_opinion(old, new, holdout),
    )


def train_changes(run: Run, candidate: Candidate) -> tuple[ScoreChange, ...]:
    """Return the train cases that a candidate changes, the greatest loss first."""
    train, every = run.task.cases, 1 + FRESH_TRIALS
    old = run.ledger.trials(run.task.incumbent, train, every)
    new = run.ledger.trials(candidate, train, every)
    return score_changes(compared_means(old, new, train), holdout=False)


def figures(entry: Comparison, level: float) -> str:
    """Write a comparison: accuracies, gain, interval, p against its level, cases."""
    return (
        f"{percent(entry.before)} -> {percent(entry.after)}, {change(entry.gain)} "
        f"{interval(entry.interval)}, {p_value(entry.p_value)} "
        f"(limit {chance(level)}), {count(entry.cases, 'case')}"
    )


def _broken(run: Run, candidate: Candidate, cases: Sequence[Case]) -> tuple[str, ...]:
    """Return the ``must_pass`` cases that the incumbent passes and a candidate fails.

    To pass is to be wholly right in most of the trials: one slip of a model in four
    trials is noise, in either arm.
    """
    must = [case for case in cases if case.must_pass]
    every = 1 + FRESH_TRIALS
    old = run.ledger.trials(run.task.incumbent, must, every)
    new = run.ledger.trials(candidate, must, every)
    return tuple(
        case.id
        for case in must
        if _mostly_right(old[case.id]) is True and _mostly_right(new[case.id]) is False
    )


def _mostly_right(trials: Sequence[Trial]) -> bool | None:
    seen = [trial for trial in trials if trial.missing is None]
    right = sum(trial.score.value == 1.0 for trial in seen)
    return 2 * right > len(seen) if seen else None
