"""What cannot be compared, and why a pass may not hold because of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.finding import CHANCE_EXPLAINS
from pytest_promptopt.gate.must_pass import can_fail_alone
from pytest_promptopt.gate.single import MOST_MISSING, error, no_verdict
from pytest_promptopt.records import Verdict

if TYPE_CHECKING:
    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.gate.comparison import Comparison
    from pytest_promptopt.gate.finding import Finding
    from pytest_promptopt.gate.terms import Terms


def refusal(compared: Comparison, baseline: Baseline, terms: Terms) -> Verdict | None:
    """Return the verdict of a comparison that cannot be made; ``None`` if it can."""
    silent = len(compared.missing)
    if silent > MOST_MISSING * compared.common or (silent and not compared.pairs):
        found = no_verdict(compared.missing, compared.silences, compared.common)
    elif compared.pairs:
        return None
    elif compared.common:
        found = error("test", "no case has a score in both arms")
    else:
        reference = say.reference(terms.reference, baseline.date)
        message = (
            f"no case is the same as in {reference}: restore the cases, or record"
            f" {say.RECORD}"
        )
        found = Verdict(outcome="inconclusive", cause="cases lost", message=message)
    return replace(
        found,
        hypotheses=terms.hypotheses,
        reference=say.reference(terms.reference, baseline.date),
        removed=compared.removed,
        changed=compared.changed,
        added=compared.added,
        baseline_date=baseline.date,
    )


def doubt_by_loss(found: Finding, *, alone: bool = False) -> str:
    """Return why a pass does not hold with the lost cases in mind; empty if it does.

    The lost cases are counted as right as they were before and wrong now. A pass holds
    if it would still be one: by a drop below half the tolerance, or by chance.

    Args:
        found: The finding, which passes without them.
        alone: Whether to count what the lost cases cost, but not what the compared ones
            do: an unedited prompt does not fail for these, however they drifted.
    """
    compared = found.compared
    if not compared.lost:
        return ""
    vital = sorted(
        case.id for case in compared.lost if case.must_pass and can_fail_alone(case)
    )
    drop = compared.loss if alone else found.drop + compared.loss
    if not vital and (
        found.is_no_doubt(drop) or compared.p_if_lost(alone=alone) > CHANCE_EXPLAINS
    ):
        return ""
    why = (
        f"{say.named('must_pass case', vital)} among them"
        if vital
        else f"counted as wrong they make a drop of {say.points(min(1.0, drop))}"
    )
    return f"{say.lost_cases(compared)}, {why}: restore them, or record {say.RECORD}"
