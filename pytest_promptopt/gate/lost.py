"""What cannot be compared, and why a pass may not hold because of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.finding import CHANCE_EXPLAINS
from pytest_promptopt.gate.must_pass import can_fail_alone
from pytest_promptopt.gate.single import (
    MOST_MISSING,
    is_below,
    judge_alone,
    no_score,
    no_verdict,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.gate.comparison import Comparison
    from pytest_promptopt.gate.finding import Finding
    from pytest_promptopt.gate.terms import Terms
    from pytest_promptopt.records import Case, Trials, Verdict


def refusal(
    compared: Comparison,
    cases: Sequence[Case],
    new: Trials,
    baseline: Baseline,
    terms: Terms,
) -> Verdict | None:
    """Return the verdict of a comparison that cannot be made; ``None`` if it can.

    Args:
        compared: The comparison.
        cases: The suite as it is now.
        new: The trials under test: their figures are shown where they stand alone.
        baseline: The committed record.
        terms: What the comparison would be held against.
    """
    silent = len(compared.missing)
    reference = say.reference(terms.reference, baseline.date)
    if silent > MOST_MISSING * compared.common or (silent and not compared.pairs):
        found = no_verdict(compared.missing, compared.silences, compared.common)
    elif compared.pairs:
        return None
    elif compared.common:
        found = no_score(new, where=" in both arms")
    else:
        found = replace(
            judge_alone(cases, new, terms=terms),
            outcome="inconclusive",
            cause="cases lost",
            message=f"no case is the same as in {reference}: restore the cases, or"
            f" record {say.RECORD}",
        )
    return replace(
        found,
        hypotheses=terms.hypotheses,
        reference=reference,
        removed=compared.removed,
        changed=compared.changed,
        added=compared.added,
        baseline_date=baseline.date,
    )


def doubt_by_loss(found: Finding, *, alone: bool = False) -> str:
    """Return why a pass does not hold with what was lost in mind; empty if it does.

    Lost cases are counted as right as they were before and wrong now, and replies
    without a score as wrong, beyond the share of such replies in the baseline arm. A
    pass holds if it would still be one: by a drop below half the tolerance or by
    chance, and not surely below the floor.

    Args:
        found: The finding, which passes without them.
        alone: Whether to count what the lost cases cost, but not what the compared ones
            do: an unedited prompt does not fail for these, however they drifted.
    """
    compared = found.compared
    partly = any(pair.unscored for pair in compared.pairs)
    if not (compared.lost or partly):
        return ""
    why = _why(found, alone=alone)
    if not why:
        return ""
    what, advice = [], []
    if compared.lost:
        what.append(say.lost_cases(compared))
        advice.append("restore them")
    if partly:
        what.append(say.unscored_replies(compared))
        advice.append("let the test score every reply")
    return f"{' and '.join(what)}, {why}: {', '.join(advice)}, or record {say.RECORD}"


def _why(found: Finding, *, alone: bool) -> str:
    """Return what the lost cases and replies may hide; empty if nothing that counts."""
    compared, floor = found.compared, found.terms.min_score
    drop = compared.loss if alone else found.drop + compared.loss
    if vital := _vital(compared):
        return f"{say.named('must_pass case', vital)} among them"
    if not (
        found.is_no_doubt(drop) or compared.p_if_lost(alone=alone) > CHANCE_EXPLAINS
    ):
        return f"counted as wrong they make a drop of {say.points(min(1.0, drop))}"
    if floor is not None and is_below(compared.interval_if_wrong(), floor):
        return (
            f"counted as wrong they leave the accuracy below min_score"
            f" {say.percent(floor)}"
        )
    return ""


def _vital(compared: Comparison) -> list[str]:
    """Return the ``must_pass`` cases among those that lack replies or scores."""
    lost = [
        case.id for case in compared.lost if case.must_pass and can_fail_alone(case)
    ]
    partly = [
        pair.case.id
        for pair in compared.pairs
        if pair.unscored and pair.case.must_pass and can_fail_alone(pair.recorded)
    ]
    return sorted([*lost, *partly])
