"""The figures of one comparison, computed once, and the conditions on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt import stats
from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.changes import better_cases, worse_cases
from pytest_promptopt.records import Outcome, Verdict

if TYPE_CHECKING:
    from pytest_promptopt.gate.comparison import Comparison

SIGN_FLIP_LIMIT = 0.10
"""One or two flipped cases of a deterministic model stay above it."""

CHANCE_EXPLAINS = 0.3
"""A p-value above which a drop is put down to chance."""

ROUNDING = 1e-9
"""Figures are held against limits that people write in decimals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a comparison with at least one pair comes to.

    Attributes:
        compared: The comparison.
        accuracy: Weighted mean score of the new arm, in [0, 1].
        baseline_accuracy: The same of the baseline arm.
        drop: How much lower the new arm is, as a share; negative for a gain.
        p: Exact stratified one-sided p of the drop.
        sign_flip: Case-level one-sided mid-p of the drop.
        limit: What ``p`` is held against.
        tolerance: Smallest drop that matters, as a share.
        edited_tests: How many prompt tests share the error rate.
        date: Day of the baseline record.
    """

    compared: Comparison
    accuracy: float
    baseline_accuracy: float
    drop: float
    p: float
    sign_flip: float
    limit: float
    tolerance: float
    edited_tests: int
    date: str

    @property
    def matters(self) -> bool:
        """Whether the drop is as large as the tolerance."""
        return self.drop >= self.tolerance - ROUNDING

    @property
    def is_significant(self) -> bool:
        """Whether chance alone would rarely do this."""
        return self.p <= self.limit + ROUNDING

    @property
    def fails(self) -> bool:
        """Whether the gate calls the new arm worse."""
        several = self.sign_flip <= SIGN_FLIP_LIMIT + ROUNDING
        return self.matters and self.is_significant and several

    @property
    def passes(self) -> bool:
        """Whether the compared cases give no ground for doubt."""
        return not self.matters or self.p > CHANCE_EXPLAINS

    @property
    def passes_if_lost(self) -> bool:
        """Whether that holds with the lost cases counted as wrong."""
        small = self.compared.drop_if_lost() < self.tolerance - ROUNDING
        return small or self.compared.p_if_lost() > CHANCE_EXPLAINS

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the new arm's accuracy."""
        compared = self.compared
        return stats.accuracy_interval(compared.new_means, compared.weights)

    @property
    def figures(self) -> str:
        """Both accuracies and what they rest on, in words."""
        return (
            f"{say.percent(self.accuracy)} where the baseline has"
            f" {say.percent(self.baseline_accuracy)}"
            f" ({say.count(len(self.compared.pairs), 'case')},"
            f" {say.count(self.compared.trials, 'trial')} each)"
        )

    @property
    def test(self) -> str:
        """The p-value and its limit, in words."""
        return f"p {say.chance(self.p)}, limit {say.chance(self.limit)}"

    def detectable(self) -> float:
        """Return the smallest drop that this suite could have shown."""
        return stats.smallest_detectable_drop(
            stats.effective_cases(self.compared.weights),
            variance=self.compared.variance(),
            trials=self.compared.trials,
            alpha=self.limit,
            tolerance=self.tolerance,
        )

    def verdict(self, outcome: Outcome, cause: str, message: str) -> Verdict:
        """Return the verdict with all the figures."""
        compared = self.compared
        return Verdict(
            outcome=outcome,
            cause=cause,
            message=message,
            accuracy=self.accuracy,
            interval=self.interval,
            baseline_accuracy=self.baseline_accuracy,
            baseline_interval=stats.accuracy_interval(
                compared.old_means, compared.weights
            ),
            p_value=self.p,
            limit=self.limit,
            sign_flip_p=self.sign_flip,
            detectable=self.detectable(),
            trials=compared.trials,
            edited_tests=self.edited_tests,
            cases=len(compared.pairs),
            worse=worse_cases(compared.pairs),
            better=better_cases(compared.pairs),
            removed=compared.removed,
            changed=compared.changed,
            added=compared.added,
            missing=compared.missing,
            baseline_date=self.date,
        )


def find(
    compared: Comparison,
    *,
    limit: float,
    tolerance: float,
    edited_tests: int,
    date: str,
) -> Finding:
    """Compute the figures of a comparison that has at least one pair."""
    return Finding(
        compared=compared,
        accuracy=stats.weighted_mean(compared.new_means, compared.weights),
        baseline_accuracy=stats.weighted_mean(compared.old_means, compared.weights),
        drop=compared.drop,
        p=compared.p_value(),
        sign_flip=compared.sign_flip_p(),
        limit=limit,
        tolerance=tolerance,
        edited_tests=edited_tests,
        date=date,
    )
