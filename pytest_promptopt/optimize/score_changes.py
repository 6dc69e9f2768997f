"""Which cases a candidate gets better or worse than the incumbent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize.ledger import case_mean
from pytest_promptopt.records import ScoreChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Case, Trials

NAMED = 50
"""How many cases are named, of those that got worse and of those that got better."""


def compared_means(
    old: Trials, new: Trials, cases: Sequence[Case]
) -> list[tuple[Case, float, float]]:
    """Pair the cases' mean scores in two arms.

    A case that the old arm has no score for says nothing. A case whose replies came in
    the new arm but were not scored counts as wrong there: a candidate must not gain by
    making the test skip.

    Args:
        old: Trials of the incumbent, by case id.
        new: The same of the candidate.
        cases: The cases.

    Returns:
        Case, mean of the incumbent and mean of the candidate, both in [0, 1].
    """
    pairs = []
    for case in cases:
        was, now = case_mean(old[case.id]), case_mean(new[case.id])
        if now is None and any(trial.missing is None for trial in new[case.id]):
            now = 0.0
        if was is not None and now is not None:
            pairs.append((case, was, now))
    return pairs


def score_changes(
    pairs: Sequence[tuple[Case, float, float]], *, holdout: bool
) -> tuple[ScoreChange, ...]:
    """Return the cases whose scores differ, the greatest loss first.

    Args:
        pairs: As :func:`compared_means` gives them.
        holdout: Whether they are hold-out cases.
    """
    found = [
        ScoreChange(
            case_id=case.id,
            place=case.place,
            was=was,
            now=now,
            holdout=holdout,
            must_pass=case.must_pass,
        )
        for case, was, now in pairs
        if abs(now - was) > 1e-9
    ]
    return tuple(sorted(found, key=lambda entry: entry.gain))


def most_telling(changes: Sequence[ScoreChange]) -> tuple[ScoreChange, ...]:
    """Return as many of the greatest losses and gains as are named."""
    worse = [entry for entry in changes if entry.gain < 0]
    better = [entry for entry in changes if entry.gain > 0]
    return (*worse[:NAMED], *better[max(0, len(better) - NAMED) :])
