"""What a search may take and find, before its first call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.cases import split_cases
from pytest_promptopt.optimize.few_shot import FewShot
from pytest_promptopt.optimize.preflight import (
    affordable_proposals,
    confirmation_calls,
    refuse_the_hopeless,
    smallest_gain,
)
from pytest_promptopt.wording import count, money, points

if TYPE_CHECKING:
    from pytest_promptopt.optimize.plan import SearchPlan
    from pytest_promptopt.optimize.strategy import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a search may take, and what it could show.

    Attributes:
        proposals: The most candidates that it tries; ``None``: the strategy does not
            say.
        bought: How many of them the budget scores on all train cases, at least;
            ``None``: it has no limit.
        calls: The most model calls it makes, the confirmation and those to the
            optimizer model included; ``None``: there is no telling.
        smallest: Smallest hold-out gain that could be confirmed, as a share.
    """

    proposals: int | None
    bought: int | None
    calls: int | None
    smallest: float

    def sentence(self, dollars: float | None = None) -> str:
        """Write it for a user who can still stop it.

        Args:
            dollars: What the calls cost, roughly; ``None``: not known, or nothing.
        """
        parts = [self._tried()]
        if self.calls is not None:
            parts.append(f"{count(self.calls, 'model call')} at most")
        if dollars is not None:
            parts.append(f"about {money(dollars)}")
        told = ", ".join(part for part in parts if part)
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


def outlook(plan: SearchPlan, strategy: Strategy) -> Outlook:
    """Return what a search may take, and what it could show.

    A strategy that knows has a method ``most_proposals(steps)``.

    Args:
        plan: The plan.
        strategy: The algorithm.

    Raises:
        SearchRefused: The search will not begin.
        CaseFileError: The cases cannot be split.
    """
    split = split_cases(plan.cases)
    refuse_the_hopeless(plan, split)
    FewShot(strategy).refuse_without_regions(plan.prompt.label, plan.example_regions)
    most = getattr(strategy, "most_proposals", None)
    # The choice of examples takes steps, and proposals, of its own.
    fixed = all(region.kind != "examples" for region in plan.prompt.regions)
    proposals = most(plan.steps) if callable(most) and fixed else None
    calls = plan.budget
    if proposals is not None:
        train = len(split.train) * plan.trial_calls()
        whole = train + proposals * (1 + train) + confirmation_calls(plan, split)
        calls = whole if calls is None else min(calls, whole)
    return Outlook(
        proposals=proposals,
        bought=affordable_proposals(plan, split),
        calls=calls,
        smallest=smallest_gain(plan, split),
    )
