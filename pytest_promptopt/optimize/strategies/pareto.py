"""The per-case front: which candidates are the best somewhere, and how often.

Source:
    Agrawal et al., "GEPA: Reflective Prompt Evolution Can Outperform Reinforcement
    Learning", arXiv:2507.19457, Algorithm 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize.strategy import Evaluated
    from pytest_promptopt.records import Case

_SAME = 1e-9


def front(pool: Sequence[Evaluated], cases: Sequence[Case]) -> dict[int, int]:
    """Return who leads on which number of cases.

    A candidate leads on a case if no other one scores higher there. One that is never
    alone with those that stay, wherever it leads, is left out, the worst first.

    Args:
        pool: Candidates scored on all cases, best first.
        cases: The cases; one that a candidate has no score for has other leaders.

    Returns:
        Index in ``pool`` to the number of cases it leads on, in the order of the pool;
        empty only if nothing is scored.
    """
    leaders = [found for case in cases if (found := _leaders(pool, case.id))]
    staying = sorted({index for found in leaders for index in found})
    for index in sorted(staying, reverse=True):
        rest = [other for other in staying if other != index]
        if all(
            any(other in found for other in rest) for found in leaders if index in found
        ):
            staying = rest
    return {index: sum(index in found for found in leaders) for index in staying}


def _leaders(pool: Sequence[Evaluated], case_id: str) -> frozenset[int]:
    scores = {
        index: score
        for index, entry in enumerate(pool)
        if (score := entry.scores.get(case_id)) is not None
    }
    highest = max(scores.values(), default=0.0)
    return frozenset(
        index for index, score in scores.items() if score >= highest - _SAME
    )
