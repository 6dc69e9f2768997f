"""What counts beside accuracy: what a reply takes, and the length of a prompt.

Accuracy comes first. What tokens and seconds are worth is set by the user, and nothing
by default; among candidates that cannot be told apart the shorter goes first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.stats import sign_flip_p

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import Candidate, Case, Trials

EQUAL_ABOVE = 0.4
"""Two candidates are equal if the better one's lead has a larger one-sided p.

Simulated with prompts of 20 to 120 words: the proposed prompt is 5 % shorter, and the
true gain is 98 to 100 % of what it is without; 94 to 100 % at a level of .2.
"""

BYTES_EACH = 4
"""Of UTF-8 in a token of English, about."""

PER_TOKENS = 100
"""As many tokens a weight is set for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is taken off the accuracy of a candidate that takes more than the start.

    Attributes:
        tokens: Points lost for each 100 tokens that a reply takes more, those of the
            prompt included, 0 or more.
        latency: Points lost for each second that it takes longer, 0 or more.
        shrinks: Whether a shorter prompt of the same accuracy is looked for, and not a
            better one.
        margin: What such a prompt may lose at most, as a share, in (0, 1).
    """

    tokens: float = 0.0
    latency: float = 0.0
    shrinks: bool = False
    margin: float = 0.05

    @property
    def is_accuracy(self) -> bool:
        """Whether nothing but accuracy counts."""
        return not (self.tokens or self.latency)

    def lost(self, old: Trials, new: Trials) -> float:
        """Return what a candidate loses beside its accuracy, as a share.

        Args:
            old: Trials of the start, by case id.
            new: The same of the candidate; only trials that both have are compared,
                and only as far as their measures are known.

        Returns:
            Below 0 for a candidate that takes less; 0 where nothing is known.
        """
        if self.is_accuracy:
            return 0.0
        points = self.tokens / PER_TOKENS * _more(old, new, "tokens")
        return (points + self.latency * _more(old, new, "latency")) / 100


ACCURACY = Objective()
"""Nothing but accuracy counts."""


def aimed(objective: Objective, strategy: object) -> Objective:
    """Return what a search with a strategy is after.

    A strategy that has ``shrinks = True`` looks for shorter prompts of the same
    accuracy, whatever tokens are worth; the ``margin`` of its options says how far
    "the same" goes.
    """
    if not getattr(strategy, "shrinks", False):
        return objective
    margin = getattr(getattr(strategy, "options", None), "margin", objective.margin)
    return Objective(shrinks=True, margin=margin)


def tokens_in(candidate: Candidate) -> int:
    """Return about how many tokens the texts of a candidate have together.

    Models count differently, and none is asked: four bytes of UTF-8 are a token.
    """
    size = sum(len(text.strip().encode()) for text in candidate.texts.values())
    return math.ceil(size / BYTES_EACH)


def words_in(candidate: Candidate) -> int:
    """Return how many words the texts of a candidate have together."""
    return sum(len(text.split()) for text in candidate.texts.values())


def are_equal(
    better: Mapping[str, float | None],
    other: Mapping[str, float | None],
    cases: Sequence[Case],
) -> bool:
    """Tell whether the lead of one candidate over another says next to nothing.

    Args:
        better: Case id to mean score of the one that leads.
        other: The same of the other one.
        cases: The cases; those that only one has a score for say nothing.
    """
    gaps, weights = [], []
    for case in cases:
        mine, theirs = better.get(case.id), other.get(case.id)
        if mine is not None and theirs is not None:
            gaps.append(mine - theirs)
            weights.append(case.weight)
    return sign_flip_p(gaps, side="gain", weights=weights) > EQUAL_ABOVE


def _more(old: Trials, new: Trials, name: str) -> float:
    """Return how much more of a measure the new trials take, in the mean."""
    more = [
        after.measures[name] - before.measures[name]
        for case_id, trials in new.items()
        for before, after in zip(old.get(case_id, ()), trials, strict=False)
        if name in before.measures and name in after.measures
    ]
    return math.fsum(more) / len(more) if more else 0.0
