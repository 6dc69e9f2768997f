"""Cases that alone can fail the build, and the share of the error rate they get.

A ``must_pass`` case that was right in every recorded trial and fails in the edited arm
is retried in both arms. Most of five fresh trials wrong say that it is broken, unless
the baseline's prompt fails as often. Alone, that rule is wrong too often: a case that
is right in 80 % of its trials is recorded as always right every second time, and a
suite of 50 prompt tests has hundreds of such cases. So the figures must also be too
unlikely to be chance. Where they are not, five more trials follow, which are the last.

How unlikely. Say that the edit changed nothing: then one case has one chance of failing
in both arms of this run, x. That its share of failures in the edited arm exceeds that
in the baseline arm by what was seen or more has the chance

    g(x) = P(F_new / n_new - F_old / n_old >= seen),

F_new and F_old being independent and binomial. Nobody knows x; the largest g(x) bounds
it. The trials counted are those of the looks and all fresh ones. That the latter are
drawn only after a failure can but make the event rarer: had all of them been drawn
beforehand, the difference would have to be as large, and the failure be there besides.

The record decides who can fail the build, and nothing else. So g holds whatever was
recorded: for cases that are always right by luck alone, for those that somebody picked,
and for a model that drifted since.

The limit. The error rate of the suite, alpha, is divided before the first reply:
:data:`SHARE` of it goes to the ``must_pass`` cases, the rest to everything else that
is held against ``alpha / (2 M)``. It is divided by M, by the two looks after which the
question can come up, by the cases that can fail the build, and in the parts of
:data:`ROUND_SHARES` over the two rounds of retrials. So the probabilities of a false
alarm add up to SHARE times alpha at most. Suites without such a case keep all of alpha.

Source:
    Barnard, "Significance tests for 2x2 tables", Biometrika 34 (1947), 123-138: the
    maximum over the unknown probability.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.gate.comparison import is_same, scores_of
from pytest_promptopt.gate.terms import LOOKS, RECORDED_TRIALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.baseline import Baseline, BaselineCase
    from pytest_promptopt.gate.terms import Terms
    from pytest_promptopt.records import Case, Trial, Trials

SHARE = 0.2
"""Part of the error rate that ``must_pass`` cases get where there are any."""

ROUND_SHARES = (0.2, 0.8)
"""Parts of that for the rounds of retrials: the later one has more to go on."""

# The largest value between two points of the grid is at most 0.001 % above theirs.
_GRID = 1000


def can_fail_alone(recorded: BaselineCase) -> bool:
    """Return whether the record is good enough: 3 trials or more, all of them right."""
    return len(recorded.values) >= RECORDED_TRIALS and recorded.always_right


def limit_beside(vital: int, terms: Terms) -> float:
    """Return what is left to hold every other p against: all, or 80 % of it.

    Args:
        vital: How many ``must_pass`` cases can fail the build.
        terms: What the comparison is held against.
    """
    return terms.limit * (1 - SHARE) if vital else terms.limit


def limits_of_rounds(vital: int, *, alpha: float, hypotheses: int) -> tuple[float, ...]:
    """Return what the chance of one case is held against, for each round.

    Args:
        vital: How many ``must_pass`` cases can fail the build, at least 1.
        alpha: False alarms that the whole suite may raise, as a share of runs.
        hypotheses: How many edited prompt tests, and limits of theirs, share it.
    """
    whole = SHARE * alpha / (LOOKS * hypotheses * vital)
    return tuple(share * whole for share in ROUND_SHARES)


def eligible(cases: Sequence[Case], baseline: Baseline) -> tuple[Case, ...]:
    """Return the ``must_pass`` cases that can fail the build."""
    return tuple(
        case
        for case, recorded in _recorded_must_pass(cases, baseline)
        if can_fail_alone(recorded)
    )


def unsteady_must_pass(cases: Sequence[Case], baseline: Baseline) -> tuple[str, ...]:
    """Return the recorded ``must_pass`` cases that cannot fail the build: ids, sorted.

    They were not right in every one of 3 recorded trials or more. Cases that are new,
    or changed since, are not among them: there is nothing to compare them with.
    """
    return tuple(
        sorted(
            case.id
            for case, recorded in _recorded_must_pass(cases, baseline)
            if not can_fail_alone(recorded)
        )
    )


def _recorded_must_pass(
    cases: Sequence[Case], baseline: Baseline
) -> list[tuple[Case, BaselineCase]]:
    vital = [case for case in cases if case.must_pass]
    if not vital:
        return []
    known = {case.id: case for case in baseline.cases}
    return [
        (case, known[case.id]) for case in vital if is_same(case, known.get(case.id))
    ]


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
    total = trials_old + trials_new
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
