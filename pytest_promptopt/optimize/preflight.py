"""Whether a search could end in a confirmed proposal; refused with the figures if not.

Nothing here costs a call but the start's train score, which the headroom needs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SearchRefused
from pytest_promptopt.stats import alpha_for_look, smallest_confirmable_gain
from pytest_promptopt.wording import percent, points

if TYPE_CHECKING:
    from pytest_promptopt.cases import Split
    from pytest_promptopt.optimize.plan import SearchPlan

MIN_HOLDOUT = 30
MIN_PROPOSALS = 3

FINALISTS = 5
"""Candidates that get more train trials before the best of them see the hold-out."""

FRESH_TRIALS = 3
"""More train trials of each finalist and the incumbent; also the hold-out trials."""

CONFIRMED_AT_ONCE = 2
"""Candidates that share one look at the hold-out."""

# Cases that give 30 hold-out cases at the share of a small suite, 60 %.
_ENOUGH_CASES = math.ceil(MIN_HOLDOUT / 0.6)


def confirmation_calls(plan: SearchPlan, split: Split) -> int:
    """Return what the confirmation takes at most, in model calls."""
    train = (FINALISTS + 1) * FRESH_TRIALS * len(split.train)
    holdout = (CONFIRMED_AT_ONCE + 1) * FRESH_TRIALS * len(split.holdout)
    return train * plan.trial_calls() + holdout * plan.trial_calls("holdout")


def affordable_proposals(plan: SearchPlan, split: Split) -> int | None:
    """Return how many proposals the budget buys; ``None`` if it has no limit.

    A proposal takes one call of the optimizer model and, per train case, one of the
    task model and what a judge is asked about its reply. The start's score and the
    confirmation's share are set aside first.
    """
    if plan.budget is None:
        return None
    train = len(split.train) * plan.trial_calls()
    left = plan.budget - confirmation_calls(plan, split) - train
    return max(0, left // (1 + train))


def smallest_gain(plan: SearchPlan, split: Split, run: str = "") -> float:
    """Return the smallest hold-out gain that could be confirmed, as a share.

    Args:
        plan: The plan.
        split: Its cases.
        run: Id of the run; before it is known, one of the looks that came before may
            be this very run, repeated, and is not held against it: the same run must
            not be refused the second time.
    """
    earlier = plan.look(run) if run else max(0, plan.look(run) - 1)
    return smallest_confirmable_gain(
        max(1, len(split.holdout)), alpha_for_look(earlier)
    )


def refuse_the_hopeless(plan: SearchPlan, split: Split) -> None:
    """Check what can be known before the first call.

    Raises:
        SearchRefused: The prompt stands where nothing can be written, there is nothing
            to rewrite, there are too few cases, the budget buys too few proposals, or
            it costs money that nobody has allowed.
    """
    label = plan.prompt.label
    unwritable = plan.prompt.unwritable_beside(plan.closed)
    if unwritable is not None:
        raise SearchRefused(unwritable.problem, unwritable.hint)
    if not plan.regions and plan.closed:
        raise SearchRefused(
            f"{label}: no text that may be rewritten is only that of "
            f"{' and '.join(map(repr, plan.only))}, which optimize= names",
            "name the prompts that share it, too",
        )
    if not plan.regions:
        raise SearchRefused(
            f"{label}: no region of the template may be rewritten",
            "mark one with {# promptopt: begin NAME -#} and {# promptopt: end -#}",
        )
    if len(split.holdout) < MIN_HOLDOUT or not split.train:
        raise SearchRefused(
            f"{label}: a gain is confirmed on at least {MIN_HOLDOUT} hold-out cases, "
            f"and {len(split.train) + len(split.holdout)} cases leave "
            f"{len(split.holdout)} for it and {len(split.train)} to train on",
            f"have {_ENOUGH_CASES} cases or more",
        )
    proposals = affordable_proposals(plan, split)
    if proposals is not None and proposals < MIN_PROPOSALS:
        train = len(split.train) * plan.trial_calls()
        each, confirming = 1 + train, confirmation_calls(plan, split)
        enough = confirming + train + MIN_PROPOSALS * each
        raise SearchRefused(
            f"{label}: {plan.told or f'{plan.budget} calls'} buy {proposals} "
            "proposals, fewer than "
            f"{MIN_PROPOSALS}: the start takes {train} calls, each proposal {each} "
            f"and the confirmation up to {confirming}"
            + (", the judge's calls included" if plan.judge is not None else ""),
            f"allow at least {enough} calls for each selected prompt test with "
            "--promptopt-budget, which they share",
        )
    if plan.refusal is not None:
        raise plan.refusal


def refuse_without_headroom(plan: SearchPlan, split: Split, start: float) -> None:
    """Check that a gain which is still possible could be confirmed.

    Args:
        plan: The plan.
        split: Its cases.
        start: Train score of the incumbent, in [0, 1].

    Raises:
        SearchRefused: There is less to gain than could be confirmed.
    """
    smallest = smallest_gain(plan, split)
    if 1.0 - start < smallest - 1e-9:
        raise SearchRefused(
            f"{plan.prompt.label}: {percent(start)} right on {len(split.train)} "
            f"train cases leave {points(1 - start)} to gain, and "
            f"{len(split.holdout)} hold-out cases can confirm gains of "
            f"{points(smallest)} or more",
            "add cases that the prompt gets wrong",
        )
