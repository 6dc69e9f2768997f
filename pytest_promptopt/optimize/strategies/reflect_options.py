"""The numbers of reflect."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize.options import check_choice, check_number, check_switch

GATES = ("paired", "sum")
PARENTS = ("front", "best")
SHOWN = ("failures", "minibatch")

PAPER = {
    "per_step": 1,
    "minibatch": 3,
    "shown": "minibatch",
    "gate": "sum",
    "remembered": 0,
    "race": False,
}
"""What ``reflect-paper`` sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectOptions:
    """What can be set about reflect.

    Attributes:
        per_step: Edits that a step asks for, each of a parent drawn anew, at least 1.
        minibatch: Train cases that an edit is shown, and those it is tried on first,
            at least 1.
        shown: Which cases an edit is shown: ``"failures"`` of its parent, or the
            ``"minibatch"`` that it is tried on, as it comes.
        gate: What accepts an edit: ``"paired"``, a test on a growing share of the train
            cases, or ``"sum"``, a higher sum on the minibatch.
        level: What the p of the paired test is held against, above 0 and at most 1.
        parents: Drawn from the per-case ``"front"``, or always the ``"best"``.
        remembered: Edits of a passage that were turned away which the next request
            shows, at least 0.
        merges: How often two candidates of the front are merged, at least 0.
        explanation: Whether a reply without the explanation that is asked for counts as
            unparsable.
        temperature: Of the requests to the optimizer model, 0 or more.
        race: Whether an accepted edit that is clearly worse than the best candidate
            need not be scored to the end.
    """

    per_step: int = 4
    minibatch: int = 8
    shown: str = "failures"
    gate: str = "paired"
    level: float = 0.2
    parents: str = "front"
    remembered: int = 3
    merges: int = 0
    explanation: bool = False
    temperature: float = 1.0
    race: bool = True

    def __post_init__(self) -> None:
        lowest = {"per_step": 1, "minibatch": 1, "remembered": 0, "merges": 0}
        for name, least in lowest.items():
            check_number("reflect", name, getattr(self, name), lowest=least)
        check_number("reflect", "temperature", self.temperature, lowest=0, whole=False)
        check_number("reflect", "level", self.level, lowest=0, highest=1, whole=False)
        if not self.level:
            raise SettingError(
                "strategy reflect: level is 0, so that nothing can be accepted",
                "set it to a number above 0, such as 0.2",
            )
        check_choice("reflect", "shown", self.shown, SHOWN)
        check_choice("reflect", "gate", self.gate, GATES)
        check_choice("reflect", "parents", self.parents, PARENTS)
        check_switch("reflect", "explanation", self.explanation)
        check_switch("reflect", "race", self.race)
