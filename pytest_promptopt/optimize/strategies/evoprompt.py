"""EvoPrompt: a population of prompts, with a language model as the operator.

What the genetic algorithm and differential evolution have in common: the population
that they begin with, their size, and how texts are asked for.

Source:
    Guo, Wang, Guo, Li, Song, Tan, Liu, Bian, Yang, "Connecting Large Language Models
    with Evolutionary Algorithms Yields Powerful Prompt Optimizers", arXiv:2309.08532,
    ICLR 2024: section 3.2 (algorithms), 4 (N = T = 10). Sampling, the choice of
    parents and the order of updates: the authors' released code.

What is changed on purpose by both, and why; ``evoprompt_ga`` and ``evoprompt_de`` list
their own changes:

==============================  =====================================================
the paper or its code           here
==============================  =====================================================
seeds are 9 to 20 prompts that  the start, up to five earlier versions from the git
people wrote, and 20 that a     history of its files, and 4 that the model writes from
model did                       worked cases; 20 in ``-paper``
always 10 prompts               fewer where the budget buys fewer than three
                                generations; 10 in ``-paper``
a reply without tags becomes    it is counted as unparsable and never scored
a prompt
the reply's stages are not      stages that contradict each other are counted, and
looked at                       the text is not scored; not checked in ``-paper``
ties go by the order of a set,  the shorter, then the older, then the hash
which differs between runs
a text that is there already    it is a repeat, is counted and costs no trial
is scored again
every text is scored on all     a text that is clearly worse than the best one leaves
development cases               the race early; not in ``-paper``
top_p 0.95                      not set, since some models refuse it beside a
                                temperature; 0.95 in ``-paper``
at most 1000 tokens a reply     a limit in words, told to the model and enforced by
                                the guards
one prompt                      several regions take turns: generation g rewrites
                                region g mod R
the best on test is reported    confirmed on hold-out by the loop
==============================  =====================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.options import (
    check_choice,
    check_number,
    check_switch,
)
from pytest_promptopt.optimize.parsing import same_text
from pytest_promptopt.optimize.strategies.stages import NOT_SHOWN, shown_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategies.children import Fault
    from pytest_promptopt.optimize.strategy import Evaluated, Task
    from pytest_promptopt.prompts import Region

    Contradiction = Callable[[Mapping[str, str], Sequence[str], str], "str | None"]

PAPER = {
    "shrink": False,
    "written": 20,
    "top_p": 0.95,
    "stages": "unchecked",
    "race": False,
}
"""What both ``-paper`` presets set."""

STAGES = ("checked", "required", "unchecked")
GENERATIONS = 3
"""So many generations a budget has to buy, or the population is made smaller."""

SMALLEST = 4
"""Fewest candidates of a population that was made smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvoOptions:
    """What can be set about both.

    Attributes:
        population: Candidates that survive, and children of a generation, at least 2.
        shrink: Whether a small budget makes the population smaller.
        written: Seeds to be written from worked cases, at least 0.
        temperature: Of the requests to the optimizer model, 0 or more.
        top_p: The same, from 0 to 1; ``None``: not sent.
        stages: ``"checked"``: stages that a reply shows must not contradict each
            other; ``"required"``: it must show all of them, too; ``"unchecked"``.
        race: Whether a text that is clearly worse than the best one need not be scored
            on all train cases.
    """

    population: int = 10
    shrink: bool = True
    written: int = 4
    temperature: float = 0.5
    top_p: float | None = None
    stages: str = "checked"
    race: bool = True

    def __post_init__(self) -> None:
        check_number("evoprompt", "population", self.population, lowest=2)
        check_number("evoprompt", "written", self.written, lowest=0)
        check_number(
            "evoprompt", "temperature", self.temperature, lowest=0, whole=False
        )
        if self.top_p is not None:
            check_number(
                "evoprompt", "top_p", self.top_p, lowest=0, highest=1, whole=False
            )
        check_choice("evoprompt", "stages", self.stages, STAGES)
        for name in ("shrink", "race"):
            check_switch("evoprompt", name, getattr(self, name))

    @property
    def sampling(self) -> dict[str, Any]:
        """Settings of the requests to the optimizer model."""
        top_p = {} if self.top_p is None else {"top_p": self.top_p}
        return {"temperature": self.temperature, **top_p}

    def sizes(self, proposals: int | None) -> tuple[int, int]:
        """Return how large the population is, and how many seeds are written for it.

        Args:
            proposals: How many candidates the budget buys; ``None``: no limit.
        """
        if proposals is None or not self.shrink:
            return self.population, self.written
        affordable = proposals // (1 + GENERATIONS)  # the first one is asked for, too
        size = min(self.population, max(SMALLEST, affordable))
        return size, min(self.written, size // 2)

    def most(self, scope: Scope, *, refilled: bool) -> Bound:
        """Return how much a search can try at most.

        Args:
            scope: What it has to work with.
            refilled: Whether places that were left empty are filled once more.
        """
        size, written = self.sizes(scope.proposals)
        founding = written + size - 1  # one seed at least is there: the start
        asked = founding + scope.steps * size + (size - 1) * refilled
        return Bound(proposals=scope.earlier + asked, requests=asked)

    def fault(
        self, contradiction: Contradiction, tags: Sequence[str], texts: Sequence[str]
    ) -> Fault | None:
        """Return the check of a reply's stages; ``None`` if they are not checked.

        Args:
            contradiction: Says what is wrong with stages, parents and new text.
            tags: The stages.
            texts: The parents.
        """
        if self.stages == "unchecked":
            return None

        def fault(reply: str, text: str) -> str | None:
            stages = shown_stages(reply, tags)
            if self.stages == "required" and len(stages) < len(tags):
                return NOT_SHOWN
            return contradiction(stages, texts, text)

        return fault


def region_of(task: Task, generation: int) -> Region:
    """Return the region that a generation rewrites, from 0."""
    return task.regions[generation % len(task.regions)]


def text_in(entry: Evaluated, region: Region) -> str:
    """Return a candidate's text of one region, without outer blank space."""
    return entry.candidate.texts[region.address].strip()


def differs(one: Evaluated, other: Evaluated, region: Region) -> bool:
    """Tell whether two candidates say something else in a region."""
    return same_text(text_in(one, region)) != same_text(text_in(other, region))


def other_job(task: Task) -> str:
    """Return the worked example of a meta-prompt, which must be of another job.

    An operator copies from an example of its own job; the authors show one of
    simplification where labels are wanted, and the other way round.
    """
    told = " ".join(task.incumbent.texts.values()).casefold()
    is_near = any(word in told for word in ("headline", "title", "shorten"))
    return "verses" if is_near else "titles"
