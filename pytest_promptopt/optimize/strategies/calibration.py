"""Whether predictions of what an edit brings are worth what they cost.

Edits whose outcome is known are predicted from all the others. Two questions are asked
of the predictions: do they tell which edit brings what, or would they be right as often
in any other order? And are they better than what costs nothing, the frequencies of the
outcomes of the same kind of edit? Edits that a search has made because they promised
most would say less: what is picked for its promise disappoints, and where a search
chooses well, nearly all outcomes are alike.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import eq
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIGNS = (-1, 0, 1)
LEVEL = 0.1
ORDERS = 1999
"""Orders of the outcomes that are tried for the p."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """A prediction and what came.

    Attributes:
        action: Kind of the edit.
        predicted: Reward; ``None`` if the reply could not be read.
        came: Reward.
    """

    action: str
    predicted: int | None
    came: int

    @property
    def is_right(self) -> bool:
        """Whether the sign is right."""
        return self.predicted is not None and _sign(self.predicted) == _sign(self.came)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the check says.

    Attributes:
        trusted: Whether the predictions go on being used.
        cases: Predictions that were held against what came.
        right: How many had the right sign.
        p_value: Share of all orders of the outcomes in which as many would be right.
        error: Mean Brier score of the predictions, from 0, the best, to 2.
        usual: That of the frequencies of the same kind of edit.
    """

    trusted: bool
    cases: int
    right: int
    p_value: float
    error: float
    usual: float


def verdict(foretold: Sequence[Foretold]) -> Verdict:
    """Say whether predictions are to be trusted.

    Trusted are those that are right more often than in another order, at a level of
    :data:`LEVEL`, and whose Brier score is below that of the frequencies.

    Args:
        foretold: Each predicted without a look at its own outcome; not empty.

    Source:
        Brier, "Verification of forecasts expressed in terms of probability", Monthly
        Weather Review 78 (1950).
    """
    right = sum(entry.is_right for entry in foretold)
    p_value = _p_value(foretold)
    error = sum(_brier(_sure(entry, foretold), entry.came) for entry in foretold)
    usual = sum(_brier(_usual(entry, foretold), entry.came) for entry in foretold)
    return Verdict(
        trusted=p_value <= LEVEL and error < usual,
        cases=len(foretold),
        right=right,
        p_value=p_value,
        error=error / len(foretold),
        usual=usual / len(foretold),
    )


def _p_value(foretold: Sequence[Foretold]) -> float:
    came = [_sign(entry.came) for entry in foretold]
    told = [
        None if entry.predicted is None else _sign(entry.predicted)
        for entry in foretold
    ]
    right = sum(map(eq, told, came))
    draws = Random(ORDERS)  # noqa: S311 - no secret
    as_many = 1
    for _ in range(ORDERS):
        draws.shuffle(came)
        as_many += sum(map(eq, told, came)) >= right
    return as_many / (ORDERS + 1)


def _sure(entry: Foretold, foretold: Sequence[Foretold]) -> Mapping[int, float]:
    """Return what a predicted sign stands for, given how often the others are right."""
    if entry.predicted is None:
        return dict.fromkeys(SIGNS, 1 / len(SIGNS))
    others = [one for one in foretold if one is not entry and one.predicted is not None]
    share = (sum(one.is_right for one in others) + 1) / (len(others) + 2)
    rest = (1 - share) / (len(SIGNS) - 1)
    told = _sign(entry.predicted)
    return {sign: share if sign == told else rest for sign in SIGNS}


def _usual(entry: Foretold, foretold: Sequence[Foretold]) -> Mapping[int, float]:
    """Return how often each sign came of the other edits of the kind."""
    others = Counter(
        _sign(one.came)
        for one in foretold
        if one is not entry and one.action == entry.action
    )
    total = others.total() + len(SIGNS)
    return {sign: (others[sign] + 1) / total for sign in SIGNS}


def _brier(shares: Mapping[int, float], came: int) -> float:
    return sum((share - (sign == _sign(came))) ** 2 for sign, share in shares.items())


def _sign(reward: int) -> int:
    return (reward > 0) - (reward < 0)
