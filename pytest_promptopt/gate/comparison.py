"""Two arms on the same cases: who is compared, who is lost, and the figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_promptopt import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.baseline import Baseline, BaselineCase
    from pytest_promptopt.records import Case, Trial, Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A case that both arms have scores for.

    Attributes:
        case: The case.
        recorded: The same case in the baseline record.
        old: Scores of the baseline arm, in [0, 1]; not empty.
        new: Scores of the other arm, in [0, 1]; not empty.
        old_trials: Trials of the baseline arm; empty if only scores were recorded.
        new_trials: Trials of the other arm.
    """

    case: Case
    recorded: BaselineCase
    old: tuple[float, ...]
    new: tuple[float, ...]
    old_trials: tuple[Trial, ...]
    new_trials: tuple[Trial, ...]

    @property
    def was(self) -> float:
        """Mean score in the baseline arm."""
        return fmean(self.old)

    @property
    def now(self) -> float:
        """Mean score in the other arm."""
        return fmean(self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the trials of two arms say about the cases they have in common.

    Attributes:
        pairs: The cases compared.
        lost: Recorded cases that cannot be compared: removed, changed, without a
            reply or without a score.
        removed: Ids of baseline cases that are gone, sorted like all ids here.
        changed: Ids of cases whose content differs from the baseline's.
        added: Ids of cases that the baseline does not have.
        missing: Ids of cases with a trial that got no reply.
        silences: Why no reply came, one text per such trial.
        common: How many cases the suite and the baseline have in common.
    """

    pairs: tuple[Pair, ...]
    lost: tuple[BaselineCase, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]
    missing: tuple[str, ...]
    silences: tuple[str, ...]
    common: int

    @property
    def weights(self) -> list[float]:
        """Weights of the pairs."""
        return [pair.case.weight for pair in self.pairs]

    @property
    def old_means(self) -> list[float]:
        """Mean scores of the pairs in the baseline arm."""
        return [pair.was for pair in self.pairs]

    @property
    def new_means(self) -> list[float]:
        """Mean scores of the pairs in the other arm."""
        return [pair.now for pair in self.pairs]

    @property
    def drop(self) -> float:
        """Baseline accuracy minus the other arm's, as a share; needs a pair."""
        return -stats.weighted_mean(
            [pair.now - pair.was for pair in self.pairs], self.weights
        )

    @property
    def trials(self) -> int:
        """Trials per case of the other arm."""
        return max((len(pair.new_trials) for pair in self.pairs), default=0)

    def p_value(self, side: stats.Side = "drop") -> float:
        """One-sided p of the exact stratified test."""
        pairs = [(pair.old, pair.new) for pair in self.pairs]
        return stats.stratified_p(pairs, weights=self.weights, side=side)

    def sign_flip_p(self) -> float:
        """Case-level one-sided mid-p of a drop."""
        differences = [pair.now - pair.was for pair in self.pairs]
        return stats.sign_flip_p(
            differences, side="drop", weights=self.weights, mid=True
        )

    def drop_if_lost(self) -> float:
        """Return the drop if the lost cases had been right before and wrong now.

        What they lose is added to what the compared cases lose. The total weight stays
        that of the compared cases: cases that were wrong anyway must not dilute it.
        """
        if not self.pairs:
            return math.inf if any(any(case.scores) for case in self.lost) else 0.0
        gone = math.fsum(case.weight * fmean(case.scores) for case in self.lost)
        return self.drop + gone / math.fsum(self.weights)

    def p_if_lost(self) -> float:
        """Return the stratified p with the lost cases counted as wrong now."""
        wrong = (0.0,) * max(1, self.trials)
        pairs = [(pair.old, pair.new) for pair in self.pairs]
        pairs += [(case.scores, wrong) for case in self.lost]
        weights = self.weights + [case.weight for case in self.lost]
        return stats.stratified_p(pairs, weights=weights)

    def variance(self) -> float:
        """Return the mean variance of a trial around its case's mean."""
        recorded = [pair.recorded.scores for pair in self.pairs]
        if not any(len(scores) > 1 for scores in recorded):
            recorded = [pair.old for pair in self.pairs]
        return stats.within_case_variance(recorded, self.weights)


def compare(
    cases: Sequence[Case], baseline: Baseline, old: Trials | None, new: Trials
) -> Comparison:
    """Bring the arms' trials together, case by case.

    A case is compared if its content is the baseline's, every trial of both arms got a
    reply, and both arms have a score.

    Args:
        cases: The suite as it is now; ids are unique.
        baseline: The record.
        old: Fresh trials of the baseline arm, or ``None`` to use the recorded scores.
        new: Trials of the other arm.
    """
    known = {case.id: case for case in baseline.cases}
    same = [case for case in cases if _is_same(case, known.get(case.id))]
    pairs: list[Pair] = []
    silences: dict[str, tuple[str, ...]] = {}
    for case in same:
        old_trials = () if old is None else tuple(old.get(case.id, ()))
        new_trials = tuple(new.get(case.id, ()))
        silent = silence(new_trials)
        if old is not None:
            silent = silence(old_trials) + silent
        recorded = known[case.id]
        before = recorded.scores if old is None else scores_of(old_trials)
        if silent:
            silences[case.id] = silent
        elif before and (after := scores_of(new_trials)):
            pairs.append(
                Pair(
                    case=case,
                    recorded=recorded,
                    old=before,
                    new=after,
                    old_trials=old_trials,
                    new_trials=new_trials,
                )
            )
    compared = {pair.case.id for pair in pairs}
    now = {case.id for case in cases}
    return Comparison(
        pairs=tuple(pairs),
        lost=tuple(
            case for case in baseline.cases if case.id not in compared and case.scores
        ),
        removed=tuple(sorted(known.keys() - now)),
        changed=tuple(sorted((known.keys() & now) - {case.id for case in same})),
        added=tuple(sorted(now - known.keys())),
        missing=tuple(sorted(silences)),
        silences=tuple(text for texts in silences.values() for text in texts),
        common=len(same),
    )


def scores_of(trials: Sequence[Trial]) -> tuple[float, ...]:
    """Return the scores of the trials that have one."""
    return tuple(trial.score.value for trial in trials if trial.score.value is not None)


def silence(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Return why replies are missing: one text per missing trial."""
    if not trials:
        return ("no trial was run",)
    return tuple(trial.missing for trial in trials if trial.missing is not None)


def _is_same(case: Case, recorded: BaselineCase | None) -> bool:
    return recorded is not None and recorded.hash == case.hash
