"""A population of scored candidates: who survives, and who becomes a parent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.ranking import Ranked, best_first

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_promptopt.optimize.strategy import Evaluated

_SAME = 1e-9


def fittest(entries: Iterable[Evaluated], count: int) -> tuple[Evaluated, ...]:
    """Return the best candidates, each once.

    Args:
        entries: Candidates, the oldest first.
        count: How many are wanted at most.

    Returns:
        Best first; of equal scores the shorter, then the older, then by the hash.
    """
    oldest: dict[str, tuple[int, Evaluated]] = {}
    for age, entry in enumerate(entries):
        oldest.setdefault(entry.candidate.key, (age, entry))
    order = best_first(
        Ranked(candidate=entry.candidate, mean=entry.mean, age=age)
        for age, entry in oldest.values()
    )
    return tuple(oldest[ranked.candidate.key][1] for ranked in order[:count])


def roulette(
    entries: Sequence[Evaluated], draws: random.Random, *, count: int, shifted: bool
) -> tuple[Evaluated, ...]:
    """Draw candidates with replacement, the better ones more often.

    Args:
        entries: At least one candidate.
        draws: The luck.
        count: How many to draw.
        shifted: Whether the weight of a candidate is how far it is above the worst
            one, and a share of the spread; else it is its score.

    Returns:
        The candidates drawn. Equal scores, and none above 0, draw evenly.

    Source:
        Guo et al., arXiv:2309.08532 (EvoPrompt), section 3.2: p_i = s_i / sum(s).
        Scores of prompts lie close together, so that the plain rule hardly selects;
        shifted, the worst of n is drawn with 1/n of the spread as its weight.
    """
    means = [max(0.0, entry.mean) for entry in entries]
    lowest, spread = min(means), max(means) - min(means)
    if shifted:
        weights = [mean - lowest + spread / len(means) for mean in means]
    else:
        weights = means
    if math.fsum(weights) < _SAME:
        weights = [1.0] * len(means)
    return tuple(draws.choices(entries, weights, k=count))


def tournament(entries: Sequence[Evaluated], draws: random.Random) -> Evaluated:
    """Draw two candidates and return the better one; the only one, if there is one.

    Args:
        entries: At least one candidate, best first.
        draws: The luck.
    """
    drawn = draws.sample(range(len(entries)), min(2, len(entries)))
    return entries[min(drawn)]


def beats(one: Evaluated, other: Evaluated, weights: Mapping[str, float]) -> bool:
    """Tell whether a candidate is strictly better than another one.

    They are compared on the cases that both were scored on, since one may have left a
    race, or has some of the cases as examples; without any, by their means.

    Args:
        one: The candidate that has to be better.
        other: The one that it may replace.
        weights: Case id to weight.
    """
    pairs = [
        (weights[case_id], mine, theirs)
        for case_id, mine in one.scores.items()
        if mine is not None and (theirs := other.scores.get(case_id)) is not None
    ]
    if not pairs:
        return one.mean > other.mean + _SAME
    return math.fsum(weight * (mine - theirs) for weight, mine, theirs in pairs) > _SAME
