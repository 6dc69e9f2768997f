"""The cases that a proposal changes, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Proposal, ScoreChange

WORSE = 20
BETTER = 5
"""Cases that are named, of those that got worse and of those that got better."""


def change_items(
    proposal: Proposal, *, worse: int = WORSE, better: int = BETTER
) -> list[str]:
    """Return what became of single cases, a line for each kind.

    Args:
        proposal: The proposal.
        worse: How many cases that got worse are named at most, in each line.
        better: The same of those that got better.

    Returns:
        Lines on hold-out cases that got worse, on those that got better, and on train
        cases that got worse, as far as there are any.
    """
    held = [entry for entry in proposal.changes if entry.holdout]
    trained = [entry for entry in proposal.changes if not entry.holdout]
    lost = [entry for entry in held if entry.gain < 0]
    won = [entry for entry in reversed(held) if entry.gain > 0]
    train_lost = [entry for entry in trained if entry.gain < 0]
    every = count(proposal.holdout_cases, "hold-out case")
    items = []
    if proposal.worse:
        named = _named(lost[:worse], proposal.worse)
        items.append(f"worse on {proposal.worse} of {every}: {named}")
    elif proposal.better:
        items.append(f"worse on none of {every}")
    if proposal.better:
        named = _named(won[:better], proposal.better)
        items.append(f"better on {proposal.better} of them: {named}")
    if train_lost:
        named = _named(train_lost[:worse], len(train_lost))
        items.append(f"worse on train cases: {named}")
    return items


def _named(changes: Sequence[ScoreChange], total: int) -> str:
    if not changes:
        return "not named here"
    left = total - len(changes)
    return ", ".join(map(_one, changes)) + (f" and {left} more" if left else "")


def _one(entry: ScoreChange) -> str:
    must = ", must_pass" if entry.must_pass else ""
    return f"{entry.case_id} ({percent(entry.was)} -> {percent(entry.now)}{must})"
