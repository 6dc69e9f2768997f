"""The figures of one comparison, computed once, and the conditions on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt import stats
from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.changes import better_cases, worse_cases
from pytest_promptopt.gate.must_pass import limit_beside
from pytest_promptopt.gate.pattern import pattern
from pytest_promptopt.gate.tags import tag_accuracy
from pytest_promptopt.gate.terms import LOOKS, trials_per_look
from pytest_promptopt.records import Outcome, Verdict

if TYPE_CHECKING:
    from pytest_promptopt.gate.comparison import Comparison
    from pytest_promptopt.gate.terms import Terms
    from pytest_promptopt.records import LimitCheck

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
        terms: What it is held against.
        date: Day of the baseline record.
        look: Which look this is, from 1; 0 for none.
        vital: How many ``must_pass`` cases can fail the build alone.
        limit: What ``p`` is held against.
        detectable_at: What the p of an edit of this suite is held against.
        accuracy: Weighted mean score of the new arm, in [0, 1].
        baseline_accuracy: The same of the baseline arm.
        drop: How much lower the new arm is, as a share; negative for a gain.
        p: Exact stratified one-sided p of the drop.
        sign_flip: Case-level one-sided mid-p of the drop; ``None`` where the other
            conditions have decided already.
    """

    compared: Comparison
    terms: Terms
    date: str
    look: int
    vital: int
    limit: float
    detectable_at: float
    accuracy: float
    baseline_accuracy: float
    drop: float
    p: float
    sign_flip: float | None

    @property
    def matters(self) -> bool:
        """Whether the drop is as large as the tolerance."""
        return self.drop >= self.terms.tolerance - ROUNDING

    @property
    def is_significant(self) -> bool:
        """Whether chance alone would rarely do this."""
        return self.p <= self.limit + ROUNDING

    @property
    def fails(self) -> bool:
        """Whether the gate calls the new arm worse."""
        return self.sign_flip is not None and (
            self.sign_flip <= SIGN_FLIP_LIMIT + ROUNDING
        )

    @property
    def passes(self) -> bool:
        """Whether the compared cases give no ground for doubt."""
        return self.is_no_doubt(self.drop) or self.p > CHANCE_EXPLAINS

    def is_no_doubt(self, drop: float) -> bool:
        """Return whether a drop is too small to look any further."""
        return drop < self.terms.tolerance / 2 - ROUNDING

    @property
    def figures(self) -> str:
        """Both accuracies and what they rest on, in words."""
        held = say.against(self.baseline_accuracy, self.terms.reference)
        return self.figures_beside(held)

    def figures_beside(self, other: str) -> str:
        """Return the same, with other words for what the new arm is held against."""
        return (
            f"{say.percent(self.accuracy)} against {other}"
            f" ({say.count(len(self.compared.pairs), 'case')},"
            f" {say.count(self.compared.trials, 'trial')} each)"
        )

    @property
    def test(self) -> str:
        """The p-value and its limit, in words."""
        return say.test(self.p, self.limit)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the new arm's accuracy."""
        compared = self.compared
        return stats.accuracy_interval(compared.new_means, compared.weights)

    @property
    def most_trials(self) -> int:
        """Trials per case and arm after all looks."""
        return max(self.compared.trials, LOOKS * trials_per_look(self.compared.common))

    def detectable(self) -> float:
        """Return the smallest drop that an edit of this suite would have shown."""
        return stats.smallest_detectable_drop(
            stats.effective_cases(self.compared.weights),
            variance=self.compared.variance(),
            trials=self.most_trials,
            alpha=self.detectable_at,
            tolerance=self.terms.tolerance,
        )

    def verdict(
        self,
        outcome: Outcome,
        cause: str,
        message: str,
        limits: tuple[LimitCheck, ...] = (),
    ) -> Verdict:
        """Return the verdict with all the figures."""
        compared = self.compared
        worse = worse_cases(compared.pairs)
        troubled = outcome in ("fail", "inconclusive")
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
            alpha=self.terms.alpha,
            vital=self.vital,
            sign_flip_p=self.sign_flip,
            detectable=self.detectable(),
            trials=compared.trials,
            look=self.look,
            hypotheses=self.terms.hypotheses,
            reference=say.reference(self.terms.reference, self.date),
            pattern=pattern(compared.pairs, worse) if troubled else (),
            tags=tag_accuracy(compared.pairs),
            limits=limits,
            flaky=compared.flaky,
            cases=len(compared.pairs),
            worse=worse,
            better=better_cases(compared.pairs),
            removed=compared.removed,
            changed=compared.changed,
            added=compared.added,
            missing=compared.missing,
            unscored=compared.unscored,
            baseline_date=self.date,
        )


def find(
    compared: Comparison,
    terms: Terms,
    *,
    date: str,
    vital: int,
    limit: float | None = None,
    look: int = 0,
) -> Finding:
    """Compute the figures of a comparison that has at least one pair.

    Args:
        compared: The comparison.
        terms: What it is held against.
        date: Day of the baseline record.
        vital: How many ``must_pass`` cases can fail the build alone.
        limit: What p is held against, if not what that of an edit is.
        look: Which look this is, from 1; 0 for none.
    """
    detectable_at = limit_beside(vital, terms)
    limit = detectable_at if limit is None else limit
    drop = compared.drop
    p = compared.p_value()
    large = drop >= terms.tolerance - ROUNDING
    return Finding(
        compared=compared,
        terms=terms,
        date=date,
        look=look,
        vital=vital,
        limit=limit,
        detectable_at=detectable_at,
        accuracy=stats.weighted_mean(compared.new_means, compared.weights),
        baseline_accuracy=stats.weighted_mean(compared.old_means, compared.weights),
        drop=drop,
        p=p,
        # Costly, and the last of the three conditions.
        sign_flip=compared.sign_flip_p() if large and p <= limit + ROUNDING else None,
    )
