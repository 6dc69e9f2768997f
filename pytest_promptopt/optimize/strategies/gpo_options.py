"""What can be set about GPO."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.options import (
    check_choice,
    check_number,
    check_switch,
)
from pytest_promptopt.optimize.strategies.edit_budget import SCHEDULES, EditBudget
from pytest_promptopt.optimize.strategies.trajectory import MOMENTA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_promptopt.optimize.strategy import Task

REFINEMENTS = ("generation", "editing")
SELECTIONS = ("random", "constant")
LAST_SHARE = 0.2
"""Share of a long text that may still change at the end."""

PAPER: Mapping[str, Any] = {
    "reflection": False,
    "enforce": False,
    "scaled": False,
    "elitist": False,
    "race": False,
    "plateau": 0,
    "epochs": 3,
    "select": "constant",
}
"""What ``gpo-paper`` sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoOptions:
    """What can be set about GPO; the numbers are the paper's and its code's.

    Attributes:
        momentum: Which earlier texts a meta-prompt shows beside the one in use: those
            most like it (``"relevance"``), the latest (``"recency"``), those with the
            best scores (``"importance"``), one text merged from all of them
            (``"summary"``), or ``"none"``.
        shown: How many texts it shows, the one in use included, at least 1.
        reflection: Whether a request more asks first what is wrong with the text in
            use.
        batch: How many wrong answers that request shows, at least 1; and how many
            cases make a step of an epoch.
        refinement: ``"generation"`` asks for a new text, ``"editing"`` for a revised
            one.
        schedule: Of the edit budget: ``"cosine"``, ``"linear"``, ``"fixed"``,
            ``"none"``.
        words: Words that may change at first, at least 1.
        last_words: Words that may change at last, from 1 to ``words``.
        scaled: Whether more may change in a text of more than ``words`` words: as many
            as it has at first, a fifth of them at last.
        warm_up: Steps in which the edit budget rises before it falls, at least 0.
        enforce: Whether a text beyond the edit budget is turned away.
        elitist: Whether the best text so far is used next, not the best of the step.
        plateau: Steps in a row without a better score that end the search, for each
            region; 0: none do.
        epochs: So many times all train cases, ``batch`` a step, are the most steps;
            0: only the loop ends it.
        per_step: How many replies a step asks for, at least 1.
        exemplars: How many train cases a meta-prompt shows, at least 0.
        select: ``"random"`` draws them anew for each step, ``"constant"`` once.
        temperature: Of the requests for new texts, 0 or more.
        race: Whether a text that is clearly worse than the best one need not be scored
            on all train cases.
    """

    momentum: str = "relevance"
    shown: int = 3
    reflection: bool = True
    batch: int = 8
    refinement: str = "generation"
    schedule: str = "cosine"
    words: int = 50
    last_words: int = 10
    scaled: bool = True
    warm_up: int = 0
    enforce: bool = True
    elitist: bool = True
    plateau: int = 6
    epochs: int = 0
    per_step: int = 8
    exemplars: int = 3
    select: str = "random"
    temperature: float = 1.0
    race: bool = True

    def __post_init__(self) -> None:
        lowest = {
            "shown": 1,
            "batch": 1,
            "words": 1,
            "last_words": 1,
            "warm_up": 0,
            "plateau": 0,
            "epochs": 0,
            "per_step": 1,
            "exemplars": 0,
        }
        for name, least in lowest.items():
            highest = self.words if name == "last_words" else None
            value = getattr(self, name)
            check_number("gpo", name, value, lowest=least, highest=highest)
        check_number("gpo", "temperature", self.temperature, lowest=0, whole=False)
        check_choice("gpo", "momentum", self.momentum, MOMENTA)
        check_choice("gpo", "refinement", self.refinement, REFINEMENTS)
        check_choice("gpo", "schedule", self.schedule, SCHEDULES)
        check_choice("gpo", "select", self.select, SELECTIONS)
        for name in ("reflection", "scaled", "enforce", "elitist", "race"):
            check_switch("gpo", name, getattr(self, name))

    def budget_of(self, text: str) -> EditBudget:
        """Return how many words of a text may change, step by step."""
        first, last, length = self.words, self.last_words, len(text.split())
        if self.scaled and length > first:
            first, last = length, max(last, int(LAST_SHARE * length))
        return EditBudget(
            schedule=self.schedule, first=first, last=last, warm_up=self.warm_up
        )

    def steps(self, task: Task) -> int:
        """Return how many steps there are at most, at least 1."""
        return self.most_steps(task.steps, len(task.cases))

    def most_steps(self, steps: int, cases: int) -> int:
        """Return the same, of so many steps and train cases."""
        if not self.epochs:
            return steps
        whole, rest = divmod(cases, self.batch)
        each = whole + (2 * rest >= self.batch)
        return max(1, min(steps, self.epochs * each))

    def planned_steps(self, task: Task) -> int:
        """Return how many steps the edit budget falls in: those that are paid for."""
        if task.proposals is None:
            return self.steps(task)
        paid = math.ceil(task.proposals / self.per_step)
        return max(1, min(self.steps(task), paid))
