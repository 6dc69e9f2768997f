"""What a search may take and find, before its first call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.cases import split_cases
from pytest_promptopt.optimize.bound import Scope
from pytest_promptopt.optimize.few_shot import FewShot
from pytest_promptopt.optimize.objective import aimed
from pytest_promptopt.optimize.preflight import (
    affordable_proposals,
    confirmation_calls,
    refuse_the_hopeless,
    smallest_gain,
)
from pytest_promptopt.wording import count, points

if TYPE_CHECKING:
    from pytest_promptopt.cases import Split
    from pytest_promptopt.optimize.bound import Bound
    from pytest_promptopt.optimize.plan import SearchPlan
    from pytest_promptopt.optimize.strategy import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a search may take, and what it could show.

    Attributes:
        proposals: The most candidates that it tries beside the start; ``None``: the
            strategy does not say.
        bought: How many of them the budget scores on all train cases, at least;
            ``None``: it has no limit.
        calls: The most model calls it makes, the confirmation and those to the
            optimizer model included; ``None``: there is no telling.
        smallest: Smallest hold-out gain that could be confirmed, as a share.
        requests: The most of these calls that go to the optimizer model; ``None``:
            there is no telling.
        margin: What a shorter prompt may lose, as a share; ``None``: a better one is
            looked for.
    """

    proposals: int | None
    bought: int | None
    calls: int | None
    smallest: float
    requests: int | None = None
    margin: float | None = None

    def sentence(self, cost: str = "") -> str:
        """Write it for a user who can still stop it.

        Args:
            cost: What the calls cost, roughly; empty: not known, or nothing.
        """
        parts = [self._tried()]
        if self.calls is not None:
            parts.append(f"{count(self.calls, 'model call')} at most")
        told = ", ".join(part for part in [*parts, cost] if part)
        if self.margin is not None:
            return f"{told}; a shorter prompt may lose less than {points(self.margin)}"
        gain = f"gains of {points(self.smallest)} or more can be confirmed"
        return "; ".join(part for part in (told, gain) if part)

    def _tried(self) -> str:
        if self.proposals is None:
            if self.bought is None:
                return ""
            return f"enough for {count(self.bought, 'proposal')}"
        told = f"up to {count(self.proposals, 'proposal')}"
        if self.bought is not None and self.bought < self.proposals:
            told += f" ({self.bought:,} if each is scored on all train cases)"
        return told


def outlook(plan: SearchPlan, strategy: Strategy, *, earlier: int = 0) -> Outlook:
    """Return what a search may take, and what it could show.

    A strategy that knows has a method ``most(scope)``, which takes a
    :class:`~pytest_promptopt.optimize.bound.Scope` and returns a
    :class:`~pytest_promptopt.optimize.bound.Bound`.

    Args:
        plan: The plan.
        strategy: The algorithm.
        earlier: How many earlier versions of the prompt it may be given, if it wants
            them and the plan has none yet.

    Raises:
        SearchRefused: The search will not begin.
        CaseFileError: The cases cannot be split.
    """
    plan = replace(plan, objective=aimed(plan.objective, strategy))
    split = split_cases(plan.cases)
    refuse_the_hopeless(plan, split)
    few_shot = FewShot(strategy, plan.few_shot)
    few_shot.refuse_without_regions(plan.prompt.label, plan.example_regions)
    bought = affordable_proposals(plan, split)
    wants_earlier = getattr(strategy, "wants_earlier", False)
    most = few_shot.most(
        Scope(
            steps=plan.steps,
            proposals=bought,
            regions=len(plan.regions),
            # No examples are chosen for a text that is to shrink.
            examples=0 if plan.objective.shrinks else len(plan.example_regions),
            cases=len(split.train),
            earlier=(len(plan.earlier) or earlier) if wants_earlier else 0,
        )
    )
    calls = plan.budget
    if most is not None:
        whole = _calls(plan, split, most)
        calls = whole if calls is None else min(calls, whole)
    return Outlook(
        proposals=None if most is None else most.proposals,
        bought=bought,
        calls=calls,
        smallest=smallest_gain(plan, split),
        requests=None if most is None else most.requests,
        margin=plan.objective.margin if plan.objective.shrinks else None,
    )


def _calls(plan: SearchPlan, split: Split, most: Bound) -> int:
    """Return what so much takes, with the start and the confirmation.

    No candidate is scored again on a train case before it is a finalist, unless the
    strategy says so.
    """
    trials = (1 + most.proposals) * len(split.train) + most.repeats
    scored = trials * plan.trial_calls()
    asked = most.requests + (most.embeddings if plan.embeds else 0)
    return scored + asked + confirmation_calls(plan, split)
