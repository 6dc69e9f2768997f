"""Whether a search could end in a confirmed proposal; refused with the figures if not.

Nothing here costs a call but the start's train score, which the headroom needs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_promptopt.errors import NoHeadroom, SearchRefused
from pytest_promptopt.prompts.example_region import EXPECTED
from pytest_promptopt.stats import (
    accuracy_interval,
    alpha_for_look,
    fewest_cases,
    smallest_confirmable_gain,
    weighted_mean,
)
from pytest_promptopt.wording import count, percent, points

if TYPE_CHECKING:
    from collections.abc import Mapping

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

_MORE_CASES = "add cases that the prompt gets wrong"

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
    if not (plan.regions or plan.example_regions) and plan.closed:
        raise SearchRefused(
            f"{label}: no text that may be rewritten is only that of "
            f"{' and '.join(map(repr, plan.only))}, which optimize= names",
            "name the prompts that share it, too",
        )
    if not (plan.regions or plan.example_regions):
        raise SearchRefused(
            f"{label}: no region of the template may be rewritten",
            "mark one with {# promptopt: begin NAME -#} and {# promptopt: end -#}",
        )
    refuse_unusable_examples(plan, split)
    if len(split.holdout) < MIN_HOLDOUT or not split.train:
        raise SearchRefused(
            f"{label}: a gain is confirmed on at least {MIN_HOLDOUT} hold-out cases, "
            f"and {len(split.train) + len(split.holdout)} cases leave "
            f"{len(split.holdout)} for it and {len(split.train)} to train on",
            _for_more_holdout(plan),
        )
    refuse_too_few_to_shrink(plan, split)
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


def refuse_too_few_to_shrink(plan: SearchPlan, split: Split) -> None:
    """Check that a shorter prompt could be shown to behave the same.

    Raises:
        SearchRefused: Even one that loses no hold-out case could not.
    """
    margin = plan.objective.margin
    # As for a gain: one of the looks before may be this very run.
    alpha = alpha_for_look(max(0, plan.look("") - 1))
    needed = fewest_cases(margin, alpha)
    if plan.objective.shrinks and len(split.holdout) < needed:
        raise SearchRefused(
            f"{plan.prompt.label}: to show that a shorter prompt loses less than "
            f"{points(margin)} takes {needed} hold-out cases that all stay right, and "
            f"there are {len(split.holdout)}",
            "add cases, or allow a larger margin for the strategy, such as 0.1",
        )


def _for_more_holdout(plan: SearchPlan) -> str:
    if len(plan.cases) < _ENOUGH_CASES:
        return f"have {_ENOUGH_CASES} cases or more"
    if any(case.split for case in plan.cases):
        return (
            f"change their split fields: {MIN_HOLDOUT} or more 'holdout', "
            "and some 'train'"
        )
    return "let fewer cases share a group or the same inputs: they stay together"


def refuse_unusable_examples(plan: SearchPlan, split: Split) -> None:
    """Check that the examples regions could be filled.

    Raises:
        SearchRefused: A pattern names what no train case has; or nothing but examples
            may be changed, and no train case can be one.
    """
    label = plan.prompt.label
    known = {EXPECTED}.union(*(case.inputs for case in split.train))
    for region in plan.example_regions:
        for name in sorted(region.names - known):
            raise SearchRefused(
                f"{label}: the pattern of {region.address} names {name!r}, which no "
                "train case has",
                "name the inputs of the cases in it, and expected",
            )
    if plan.regions or any(
        not case.must_pass and region.written(case) is not None
        for region in plan.example_regions
        for case in split.train
    ):
        return
    raise SearchRefused(
        f"{label}: nothing but examples may be changed, and no train case can be one",
        "give cases without must_pass an expected and what the pattern names",
    )


def check_headroom(
    plan: SearchPlan, split: Split, scores: Mapping[str, float | None]
) -> str:
    """Check that a gain which is still possible could be confirmed.

    The start's train score is a sample: a search is refused only if even the upper end
    of what it leaves to gain is too little.

    Args:
        plan: The plan.
        split: Its cases.
        scores: Case id to the incumbent's mean score on train, one at least.

    Returns:
        A warning where the score itself leaves too little; empty if it does not.

    Raises:
        NoHeadroom: There is less to gain than could be confirmed.
    """
    if plan.objective.shrinks:
        return ""  # a prompt that is always right can be made shorter
    pairs = [
        (score, case.weight)
        for case in split.train
        if (score := scores.get(case.id)) is not None
    ]
    means, weights = [score for score, _ in pairs], [weight for _, weight in pairs]
    start, low = weighted_mean(means, weights), accuracy_interval(means, weights)[0]
    smallest = smallest_gain(plan, split)
    if 1.0 - start >= smallest - 1e-9:
        return ""
    problem = (
        f"{plan.prompt.label}: {percent(start)} right on "
        f"{count(len(split.train), 'train case')} leave {points(1 - start)} to gain "
        f"({points(1 - low)} at most), "
        f"and {len(split.holdout)} hold-out cases can confirm gains of "
        f"{points(smallest)} or more"
    )
    if 1.0 - low < smallest - 1e-9:
        raise NoHeadroom(problem, _MORE_CASES)
    return f"{problem}: the search may well find nothing to propose; {_MORE_CASES}"
