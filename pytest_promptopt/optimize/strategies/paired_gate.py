"""Whether a child is better than its parent: on the same cases, with the same trials.

The child is scored on a growing share of the train cases and turned away as soon as it
is not ahead; only one that has come through all of them is accepted, if the exact
one-sided sign-flip test of the differences says so. Since the shares before only turn
away, they do not raise the chance that a child which is no better gets in: that is at
most the level.

An edit that changes nothing but the luck of the model gets in 7-13 % of the time at a
level of 0.2, with 20, 40 or 100 train cases and replies that are right with 50, 75 or
90 % (simulated, 4 000 each), against 20-35 % where three cases whose sum rises are
enough; a gain of 10 points gets in more often than it does there with 40 cases of 90 %
(69 against 26 %) and about as often with 40 of 75 % (41 against 41 %).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_promptopt.stats import sign_flip_p

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import Case

    Scores = Mapping[str, float | None]

Verdict = Literal["accepted", "rejected", "open"]


def shares(cases: int, first: int) -> tuple[int, ...]:
    """Return how many cases a child is scored on at each look: doubled, at last all.

    Args:
        cases: Number of train cases, at least 1.
        first: How many the first look is at, at least 1.
    """
    sizes = [min(first, cases)]
    while sizes[-1] < cases:
        sizes.append(min(2 * sizes[-1], cases))
    return tuple(sizes)


def verdict(
    parent: Scores,
    child: Scores,
    cases: Sequence[Case],
    *,
    level: float,
    look: int,
    is_last: bool,
) -> Verdict:
    """Say whether a child goes on.

    Args:
        parent: Case id to the parent's mean score, ``None`` where it has none.
        child: The same of the child.
        cases: The cases of this look; those that only one has a score for say nothing.
        level: What p is held against in the last look, in (0, 1].
        look: From 0. In the first look no difference is as good as a gain.
        is_last: Whether these are all train cases.
    """
    pairs = [
        (case.weight, now - was)
        for case in cases
        if (was := parent.get(case.id)) is not None
        and (now := child.get(case.id)) is not None
    ]
    gain = sum(weight * difference for weight, difference in pairs)
    if gain < -1e-9 or (gain <= 1e-9 and (look > 0 or is_last)):
        return "rejected"
    if not is_last:
        return "open"
    p = sign_flip_p(
        [difference for _, difference in pairs],
        side="gain",
        weights=[weight for weight, _ in pairs],
    )
    return "accepted" if p <= level else "rejected"


def rises(parent: Scores, child: Scores, cases: Sequence[Case]) -> bool:
    """Tell whether a child's sum is above its parent's, as the paper accepts it."""
    gain = sum(
        case.weight * (now - was)
        for case in cases
        if (was := parent.get(case.id)) is not None
        and (now := child.get(case.id)) is not None
    )
    return gain > 1e-9
