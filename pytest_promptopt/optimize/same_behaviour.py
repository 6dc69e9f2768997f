"""Whether a shorter prompt still behaves as the start does, as far as train tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.stats import weighted_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import Case

    Scores = Mapping[str, float | None]

LOOKS = 2
"""Trials of a case that say whether it is lost: one slip of a model is noise."""

LOST = 0.5
"""A case is lost if its mean score falls by more than this."""


def lost_cases(old: Scores, new: Scores, cases: Sequence[Case]) -> tuple[Case, ...]:
    """Return the cases that the start gets right and a candidate does not.

    Args:
        old: Case id to the mean score of the start over :data:`LOOKS` trials.
        new: The same of the candidate; what has no score says nothing.
        cases: The cases to look at.
    """
    found = []
    for case in cases:
        was, now = old.get(case.id), new.get(case.id)
        if was is not None and now is not None and was - now > LOST:
            found.append(case)
    return tuple(found)


def keeps(old: Scores, new: Scores, cases: Sequence[Case], margin: float) -> bool:
    """Tell whether no case is lost and the mean falls by no more than the margin."""
    pairs = [
        (now - was, case.weight)
        for case in cases
        if (was := old.get(case.id)) is not None
        and (now := new.get(case.id)) is not None
    ]
    if not pairs or lost_cases(old, new, cases):
        return False
    change = weighted_mean([gap for gap, _ in pairs], [weight for _, weight in pairs])
    return change >= -margin - 1e-9
