"""What would settle the comparison of one prompt test, and what that would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt import gate
from pytest_promptopt.items.pending import gathered

if TYPE_CHECKING:
    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.records import Needed, Verdict

_OPEN = "would have been inconclusive (unclear)"


def needed_by(conduct: Conduct, verdict: Verdict) -> Needed | None:
    """Return what would settle a verdict, where two looks have left it open.

    Args:
        conduct: What the test was judged with, trials included.
        verdict: The decision.

    Returns:
        ``None`` where more cases or trials are not the question: the verdict is clear,
        or open for another reason than the drop of the accuracy.
    """
    record = conduct.reference.record
    if record is None or verdict.limit is None:
        return None
    tally, terms = conduct.tally, conduct.terms
    if not _is_open(verdict, terms.tolerance):
        return None
    old, new = gathered(conduct.rounds.sent, conduct.rounds.arms)
    trials = max(1, len(conduct.rounds.sent))
    priced = tally.calls and tally.cost
    return gate.what_settles(
        gate.compare(conduct.test.cases, record, old, new),
        limit=verdict.limit,
        tolerance=terms.tolerance,
        calls_per_trial=(tally.calls + tally.cached) / trials,
        cost_per_call=priced / tally.calls if priced else None,
    )


def _is_open(verdict: Verdict, tolerance: float) -> bool:
    """Return whether the p of a drop lies between proof and chance."""
    unclear = (verdict.outcome, verdict.cause) == ("inconclusive", "unclear")
    if not (unclear or _OPEN in verdict.message):
        return False
    from pytest_promptopt.gate.finding import CHANCE_EXPLAINS, ROUNDING

    # Else it is a limit on a part of the scores that is unclear.
    return (
        verdict.look > 0
        and verdict.p_value is not None
        and verdict.p_value <= CHANCE_EXPLAINS
        and (verdict.change or 0.0) <= -tolerance / 2 + ROUNDING
    )
