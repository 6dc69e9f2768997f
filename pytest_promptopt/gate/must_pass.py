"""Cases that alone can fail the build, and the share of the error rate they get.

A ``must_pass`` case that was right in every recorded trial and fails in the edited arm
is retried in both arms. Three failures in five say that it is broken, unless the
baseline's prompt fails as often. Alone, that rule is wrong too often: a case that is
right in 80 % of its trials is recorded as always right every second time, and a suite
of 50 prompt tests has hundreds of such cases. So the figures must also be too unlikely
to be chance.

How unlikely. Say that the edit changed nothing: then one case has one chance of failing
in the record and in both arms, x. That it is right in all of 3 recorded trials, and
that its share of failures in the edited arm then exceeds that in the baseline arm by
what was seen or more, has the chance

    g(x) = (1 - x)**3 * P(F_new / n_new - F_old / n_old >= seen),

F_new and F_old being independent and binomial. Nobody knows x; the largest g(x) bounds
it. The trials counted are those of the looks and the five fresh ones. That the latter
are drawn only after a first failure can but make the event rarer, as there is no such
difference without one.

The limit. The error rate of the suite, alpha, is divided before the first reply:
:data:`SHARE` of it goes to the ``must_pass`` cases, the rest to everything else that
is held against ``alpha / (2 M)``. Divided by M, by the two looks after which the
question can come up, and by the ``must_pass`` cases of the suite, the probabilities of
a false alarm add up to SHARE times alpha at most. Suites without such a case keep all
of alpha.

If the model drifted since the record, the record says less, and g(x) without its first
factor bounds the chance: about six times as much at the limit, for a case that the
drift made a toss-up, and next to nothing for one that is still nearly always right or
wrong.

Source:
    Barnard, "Significance tests for 2x2 tables", Biometrika 34 (1947), 123-138: the
    maximum over the unknown probability; here with the recorded trials as a third
    sample.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.gate.comparison import is_same, scores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.baseline import Baseline, BaselineCase
    from pytest_promptopt.gate.terms import Terms
    from pytest_promptopt.records import Case, Trial, Trials

SHARE = 0.2
"""Part of the error rate that ``must_pass`` cases get where there are any."""

RECORDED = 3
"""Recorded trials, all of them right, that it takes to fail a build alone."""

BROKEN = 3
"""Failures among the five fresh trials that mean broken."""

# The largest value between two points of the grid is at most 0.001 % above theirs.
_GRID = 1000


def can_fail_alone(recorded: BaselineCase) -> bool:
    """Return whether the record is good enough: 3 trials or more, all of them right."""
    return len(recorded.values) >= RECORDED and recorded.always_right


def limit_beside(cases: Sequence[Case], baseline: Baseline, terms: Terms) -> float:
    """Return what is left to hold every other p against: all, or 80 % of it."""
    some = any(case.must_pass for case in cases) and eligible(cases, baseline)
    return terms.limit * (1 - SHARE) if some else terms.limit


def eligible(cases: Sequence[Case], baseline: Baseline) -> tuple[Case, ...]:
    """Return the ``must_pass`` cases that can fail the build."""
    known = {case.id: case for case in baseline.cases}
    return tuple(
        case
        for case in cases
        if case.must_pass
        and is_same(case, known.get(case.id))
        and can_fail_alone(known[case.id])
    )


def doubtful_must_pass(
    cases: Sequence[Case], baseline: Baseline, old: Trials, new: Trials
) -> tuple[Case, ...]:
    """Return the ``must_pass`` cases to retry, after the last look.

    Args:
        cases: The suite as it is now.
        baseline: The committed record.
        old: Trials of the baseline arm, of all looks.
        new: Trials of the edited arm, of all looks.

    Returns:
        Those that can fail the build, have a score in both arms and failed in the
        edited one, in the order of the suite.
    """
    return tuple(
        case
        for case in eligible(cases, baseline)
        if failures(new.get(case.id, ())) and scores_of(old.get(case.id, ()))
    )


def chance_bound(old: tuple[int, int], new: tuple[int, int]) -> float:
    """Return the largest chance that a case has of looking so broken by luck.

    Args:
        old: Failures and trials in the baseline arm, at least one trial.
        new: The same in the edited arm.

    Returns:
        The maximum of g in the module's text, in [0, 1].
    """
    (failed_old, trials_old), (failed_new, trials_new) = old, new
    seen = failed_new * trials_old - failed_old * trials_new
    ways: dict[int, int] = {}
    for f_new in range(trials_new + 1):
        for f_old in range(trials_old + 1):
            if f_new * trials_old - f_old * trials_new >= seen:
                number = math.comb(trials_new, f_new) * math.comb(trials_old, f_old)
                ways[f_new + f_old] = ways.get(f_new + f_old, 0) + number
    total = trials_old + trials_new + RECORDED
    return max(
        math.fsum(
            number * (step / _GRID) ** failed * (1 - step / _GRID) ** (total - failed)
            for failed, number in ways.items()
        )
        for step in range(_GRID + 1)
    )


def failures(trials: Sequence[Trial]) -> int:
    """Return how many of the trials with a score are not fully right."""
    return sum(score < 1.0 for score in scores_of(trials))
