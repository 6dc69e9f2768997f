"""Two arms on the same cases: who is compared, who is lost, and the figures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_promptopt import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.baseline import Baseline, BaselineCase
    from pytest_promptopt.records import Case, Trial, Trials


_ROUNDING = 1e-9


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
        was: Mean score in the baseline arm.
        now: Mean score in the other arm.
        unscored: Replies of the other arm without a score, beyond the share of such
            replies in the baseline arm; rounded up.
    """

    case: Case
    recorded: BaselineCase
    old: tuple[float, ...]
    new: tuple[float, ...]
    old_trials: tuple[Trial, ...]
    new_trials: tuple[Trial, ...]
    was: float = field(init=False)
    now: float = field(init=False)
    unscored: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "was", fmean(self.old))
        object.__setattr__(self, "now", fmean(self.new))
        object.__setattr__(self, "unscored", self._unscored())

    def _unscored(self) -> int:
        silent = len(self.new_trials) - len(self.new)
        if silent <= 0:
            return 0
        before = len(self.old_trials) or len(self.recorded.values)
        share = 1 - len(self.old) / before
        return max(0, math.ceil(silent - share * len(self.new_trials) - _ROUNDING))

    @property
    def new_if_wrong(self) -> tuple[float, ...]:
        """Scores of the other arm with its unscored replies counted as wrong."""
        return self.new + (0.0,) * self.unscored

    @property
    def is_flaky(self) -> bool:
        """Whether the recorded trials disagree."""
        return len(set(self.recorded.scores)) > 1


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
        unscored: Ids of cases with replies of the other arm that have no score, where
            the baseline arm or the record has one.
        silences: Why no reply came, one text per such trial.
        common: How many cases the suite and the baseline have in common.
    """

    pairs: tuple[Pair, ...]
    lost: tuple[BaselineCase, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]
    missing: tuple[str, ...]
    unscored: tuple[str, ...]
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
    def loss(self) -> float:
        """What lost cases and unscored replies would cost if they were wrong now.

        A share. Set against the weight of the compared cases alone: cases that were
        wrong anyway must not dilute it. Infinite if nothing is left to compare.
        """
        gone = math.fsum(case.weight * fmean(case.scores) for case in self.lost)
        gone += math.fsum(
            pair.case.weight * (pair.now - fmean(pair.new_if_wrong))
            for pair in self.pairs
            if pair.unscored
        )
        if not self.pairs:
            return math.inf if gone > 0 else 0.0
        return gone / math.fsum(self.weights)

    @property
    def trials(self) -> int:
        """Trials per case of the other arm."""
        return max((len(pair.new_trials) for pair in self.pairs), default=0)

    @property
    def flaky(self) -> tuple[str, ...]:
        """Ids of the compared cases whose recorded trials disagree, sorted."""
        return tuple(sorted(pair.case.id for pair in self.pairs if pair.is_flaky))

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

    def p_if_lost(self, *, alone: bool = False) -> float:
        """Return the stratified p with what was lost counted as wrong now.

        Args:
            alone: Leave the scores of compared cases out: what do the lost cases and
                the unscored replies show by themselves?
        """
        wrong = (0.0,) * max(1, self.trials)
        kept = [pair for pair in self.pairs if pair.unscored or not alone]
        pairs = [
            (pair.old, (0.0,) * pair.unscored if alone else pair.new_if_wrong)
            for pair in kept
        ]
        pairs += [(case.scores, wrong) for case in self.lost]
        weights = [pair.case.weight for pair in kept]
        weights += [case.weight for case in self.lost]
        return stats.stratified_p(pairs, weights=weights)

    def interval_if_wrong(self) -> tuple[float, float]:
        """Return the 95 % interval of the accuracy with what is silent as wrong.

        Cases that got no reply or no score in this run count as wrong, and so do
        unscored replies. Needs a pair.
        """
        elsewhere = {*self.removed, *self.changed}
        silent = [case.weight for case in self.lost if case.id not in elsewhere]
        means = [fmean(pair.new_if_wrong) for pair in self.pairs]
        return stats.accuracy_interval(
            [*means, *[0.0] * len(silent)], [*self.weights, *silent]
        )

    def variance(self) -> float:
        """Return the mean variance of a trial around its case's mean."""
        recorded = [(pair.recorded.scores, pair.case.weight) for pair in self.pairs]
        if not any(len(scores) > 1 for scores, _ in recorded):
            recorded = [(pair.old, pair.case.weight) for pair in self.pairs]
        return trial_variance(recorded)


def trial_variance(cases: Sequence[tuple[tuple[float, ...], float]]) -> float:
    """Return :func:`stats.within_case_variance` of (scores, weight) pairs.

    Most cases of a suite have the same few scores, and a case counts with the square
    of its weight: equal ones are taken together, which is faster by an order of
    magnitude and changes nothing.
    """
    if not any(len(scores) > 1 for scores, _ in cases):
        return stats.within_case_variance([scores for scores, _ in cases])
    squares: dict[tuple[float, ...], list[float]] = {}
    for scores, weight in cases:
        squares.setdefault(tuple(sorted(scores)), []).append(weight * weight)
    distinct = sorted(squares)
    shares = [math.sqrt(math.fsum(squares[scores])) for scores in distinct]
    return stats.within_case_variance(distinct, shares)


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
    same = [case for case in cases if is_same(case, known.get(case.id))]
    pairs: list[Pair] = []
    silences: dict[str, tuple[str, ...]] = {}
    unscored: list[str] = []
    lost = dict(known)
    for case in same:
        recorded = known[case.id]
        before = None if old is None else tuple(old.get(case.id, ()))
        after = tuple(new.get(case.id, ()))
        silent = (() if before is None else silence(before)) + silence(after)
        pair = None if silent else _paired(case, recorded, before, after)
        if pair is not None:
            pairs.append(pair)
            unscored += [case.id] * (pair.unscored > 0)
            del lost[case.id]
            continue
        if not recorded.scores:
            lost[case.id] = replace(recorded, values=scores_of(before or ()))
        if silent:
            silences[case.id] = silent
        elif lost[case.id].scores and not scores_of(after):
            unscored.append(case.id)
    now = {case.id for case in cases}
    return Comparison(
        pairs=tuple(pairs),
        lost=tuple(case for case in lost.values() if case.scores),
        removed=tuple(sorted(known.keys() - now)),
        changed=tuple(sorted((known.keys() & now) - {case.id for case in same})),
        added=tuple(sorted(now - known.keys())),
        missing=tuple(sorted(silences)),
        unscored=tuple(sorted(unscored)),
        silences=tuple(text for texts in silences.values() for text in texts),
        common=len(same),
    )


def _paired(
    case: Case,
    recorded: BaselineCase,
    before: tuple[Trial, ...] | None,
    after: tuple[Trial, ...],
) -> Pair | None:
    """Return a case that both arms have scores for; ``None`` if one has not."""
    old = recorded.scores if before is None else scores_of(before)
    new = scores_of(after)
    if not (old and new):
        return None
    return Pair(
        case=case,
        recorded=recorded,
        old=old,
        new=new,
        old_trials=before or (),
        new_trials=after,
    )


def common_cases(cases: Sequence[Case], baseline: Baseline) -> int:
    """Return how many cases are recorded with the same content."""
    known = {case.id: case for case in baseline.cases}
    return sum(is_same(case, known.get(case.id)) for case in cases)


def scores_of(trials: Sequence[Trial]) -> tuple[float, ...]:
    """Return the scores of the trials that have one."""
    return tuple(trial.score.value for trial in trials if trial.score.value is not None)


def silence(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Return why replies are missing: one text per missing trial."""
    if not trials:
        return ("no trial was run",)
    return tuple(trial.missing for trial in trials if trial.missing is not None)


def is_same(case: Case, recorded: BaselineCase | None) -> bool:
    """Return whether a case is the one that was recorded."""
    return recorded is not None and recorded.hash == case.hash
