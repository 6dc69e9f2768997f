"""A race: candidates are scored in growing blocks, and who clearly falls behind leaves.

All who race are scored on the same cases with the same trials, in one order of the
cases that is drawn once for a search. After each block but the last, everyone is held
against the leader, case by case: the best one on the cases seen so far, be it in the
race or scored to the end before. Who is worse by an exact paired test leaves, and is
not scored on the rest.

Cases in the order of how much candidates differ on them were tried, too. On the noisy
landscapes of ``benchmarks/`` that kept 84 % of the gain where a drawn order keeps 96 %
(50 pairs): the cases that are answered by chance come first there.

Source:
    Maron and Moore, "Hoeffding races", NIPS 1993; with paired tests: Birattari et al.,
    "A racing algorithm for configuring metaheuristics", GECCO 2002. Blocks of cases and
    a paired test at a lenient level, for prompts: Zehle et al., "CAPO",
    arXiv:2504.16005. The blocks and the level here: simulations, docs/benchmarks.md.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.stats import sign_flip_p, weighted_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import Case

BLOCKS, SMALLEST_BLOCK = 10, 4
"""Into how many blocks the cases are cut, and how many cases each has at least."""

FEWEST_CASES = 16
"""Of fewer cases, no share says enough to leave by."""

FIRST = 0.2
"""Share of the cases that everyone is scored on."""

LEVEL = 0.125
"""Who is worse than the leader at this one-sided level leaves: by 3 cases to none."""

MOST_KEPT, KEPT = 3, 3 / 8
"""So many of the best, or such a share of all, go on in any case: a lucky leader must
not send everyone home."""

USUAL_GAP, USUAL_CASES = -0.1, 20
"""An estimate is drawn towards this difference as if so many cases had shown it."""


def stages(count: int) -> tuple[int, ...]:
    """Return after how many cases a race over so many is looked at, the last: all."""
    if count < FEWEST_CASES:
        return (count,)
    blocks = min(BLOCKS, count // SMALLEST_BLOCK)
    first = math.ceil(FIRST * blocks)
    return tuple(
        math.ceil(count * block / blocks) for block in range(first, blocks + 1)
    )


def kept(racing: int) -> int:
    """Return how many of so many who begin a race are scored to the end in any case."""
    return min(MOST_KEPT, int(KEPT * racing))


def falls_behind(
    own: Mapping[str, float | None],
    leading: Mapping[str, float | None],
    cases: Sequence[Case],
) -> bool:
    """Tell whether a candidate is worse than the leader beyond a lenient doubt.

    Args:
        own: Case id to the candidate's mean score; ``None`` where there is none.
        leading: The same of the leader.
        cases: The cases seen so far; what only one has a score for says nothing.
    """
    pairs = _pairs(own, leading, cases)
    if math.fsum(weight * difference for weight, difference in pairs) >= 0:
        return False
    return _p_of_worse(pairs) <= LEVEL


def estimate(
    own: Mapping[str, float | None],
    leading: Mapping[str, float | None],
    cases: Sequence[Case],
    whole: float,
) -> float | None:
    """Return what a candidate that left a race would be worth on all cases.

    It is the leader's mean on all cases plus the paired difference on those that both
    were scored on: what these cases have of their own, easy or hard, cancels out. Few
    cases exaggerate, so the difference is drawn towards a usual one.

    Args:
        own: Case id to the candidate's mean score.
        leading: The same of the best candidate that is scored on all cases.
        cases: All cases.
        whole: That candidate's mean on them, in [0, 1].

    Returns:
        From 0 to ``whole``, since nobody who left a race is taken to be the best;
        ``None`` if no case was scored.
    """
    pairs = _pairs(own, leading, cases)
    if not pairs:
        return None
    weights = [weight for weight, _ in pairs]
    behind = weighted_mean([difference for _, difference in pairs], weights)
    seen = len(pairs) + USUAL_CASES
    gap = (len(pairs) * behind + USUAL_CASES * USUAL_GAP) / seen
    return min(whole, max(0.0, whole + gap))


def _pairs(
    own: Mapping[str, float | None],
    leading: Mapping[str, float | None],
    cases: Sequence[Case],
) -> list[tuple[float, float]]:
    """Return weight and difference of each case that both have a score for."""
    pairs = []
    for case in cases:
        mine, theirs = own.get(case.id), leading.get(case.id)
        if mine is not None and theirs is not None:
            pairs.append((case.weight, mine - theirs))
    return pairs


def _p_of_worse(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the one-sided sign-flip p of "worse than the leader"."""
    sizes = {(weight, abs(gap)) for weight, gap in pairs if gap}
    if len(sizes) > 1:
        return sign_flip_p(
            [gap for _, gap in pairs],
            side="drop",
            weights=[weight for weight, _ in pairs],
        )
    # Equal sizes are the common case, and make it the sign test, which is quick.
    worse = sum(gap < 0 for _, gap in pairs)
    unequal = sum(gap != 0 for _, gap in pairs)
    tail = sum(math.comb(unequal, k) for k in range(worse, unequal + 1))
    return tail / (1 << unequal)
