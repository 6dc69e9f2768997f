"""What a search is asked to do, and what of it a strategy gets to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import StrategyError, TemplateError
from pytest_promptopt.optimize.effects import Measure
from pytest_promptopt.optimize.evidence import HERE, as_text
from pytest_promptopt.optimize.few_shot import FewShotOptions
from pytest_promptopt.optimize.held_examples import attributed, with_held_examples
from pytest_promptopt.optimize.objective import ACCURACY, Objective
from pytest_promptopt.optimize.strategy import Task
from pytest_promptopt.prompts import Limits
from pytest_promptopt.records import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_promptopt.errors import SearchRefused
    from pytest_promptopt.optimize.effects import Effect, Purpose
    from pytest_promptopt.optimize.opinion import JudgePlan
    from pytest_promptopt.prompts import ExampleRegion, Prompt, Region
    from pytest_promptopt.records import Case


def _any_number(_: int) -> bool:
    return True


def _allowed(_: Candidate) -> None:
    """Turn nothing away."""


def _unknown() -> None:
    """Know nothing of what was spent."""


def _untold(_: Mapping[str, Any]) -> None:
    """Keep no journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """What is searched, and what it may cost.

    Attributes:
        prompt: The prompt under test.
        cases: All its cases; the loop splits them.
        seed: Seed of the random draws.
        steps: How many steps the search may take, at least 1.
        budget: How many model calls it may make, replays from the cache included, so
            that a repeated run takes the same path; ``None``: no limit.
        patience: Steps in a row without a new valid candidate that end the search.
        limits: What the guards allow a rewrite to change.
        optimizer_settings: Settings of the requests to the optimizer model.
        looks: How often this hold-out was used against this incumbent before; or a
            function from the id of this run to that number, so that a run which is
            repeated does not count itself.
        only: Names of the prompts that may be changed, of several; empty for all.
        judge: What a judge adds to it, if one scores the replies.
        sends: Requests that an application was seen to send in one trial at most; 0
            if nothing is known.
        told: What the budget comes from, if it was not given as a number of calls.
        pays: Whether so many more calls can be paid for, beside their number.
        refusal: Why it must not begin, if it must not.
        earlier: Earlier versions of the prompt, the latest first.
        experience: What the strategy noted in earlier runs on the same split.
        objective: What counts beside accuracy.
        racing: Whether races are run; else what asks for one is scored to the end.
        embeds: Whether there is an embeddings model.
        tell: Is told what happens, one JSON object for each line of a journal.
        spent: Returns what was spent so far, in US dollars; ``None``: not known.
        few_shot: How examples regions are filled.
        computed: Whether a function scores the texts, which takes no model call.
        refuses: Says why a candidate is turned away that the guards let through.
        chosen: Why the strategy was chosen, where nobody named one.
    """

    prompt: Prompt
    cases: tuple[Case, ...]
    seed: int = 0
    steps: int = 10
    budget: int | None = None
    patience: int = 3
    limits: Limits = field(default_factory=Limits)
    optimizer_settings: Mapping[str, Any] = field(default_factory=dict)
    looks: int | Callable[[str], int] = 0
    only: tuple[str, ...] = ()
    judge: JudgePlan | None = None
    sends: int = 0
    told: str = ""
    pays: Callable[[int], bool] = _any_number
    refusal: SearchRefused | None = None
    earlier: tuple[Candidate, ...] = ()
    experience: tuple[Mapping[str, Any], ...] = ()
    objective: Objective = ACCURACY
    racing: bool = True
    embeds: bool = False
    tell: Callable[[Mapping[str, Any]], object] = _untold
    spent: Callable[[], float | None] = _unknown
    few_shot: FewShotOptions = field(default_factory=FewShotOptions)
    computed: bool = False
    refuses: Callable[[Candidate], str | None] = _allowed
    chosen: str = ""

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions whose text a strategy may rewrite, in template order."""
        return tuple(
            region
            for region in self.prompt.regions
            if region.kind != "examples" and region.address not in self.closed
        )

    @property
    def example_regions(self) -> tuple[ExampleRegion, ...]:
        """The regions that train cases may be written into, in template order."""
        return tuple(
            region
            for region in self.prompt.example_regions
            if region.address not in self.closed
        )

    @property
    def closed(self) -> frozenset[str]:
        """The addresses of regions that a prompt which stays as it is has, too."""
        if not self.only:
            return frozenset()
        return frozenset(
            region.address
            for region in self.prompt.regions
            if not set(self.prompt.names_with(region.address)) <= set(self.only)
        )

    def look(self, run: str) -> int:
        """Return how many looks came before the one of a run."""
        return self.looks if isinstance(self.looks, int) else self.looks(run)

    def trial_calls(self, purpose: Purpose = "search") -> int:
        """Return the calls of one trial at most: the replies', and the judge's.

        Where nothing is known, each of several prompts is taken to be sent once.
        """
        if self.computed:
            return 0
        sent = self.sends or max(1, len(self.prompt.names))
        if self.judge is None:
            return sent
        asked = self.judge.questions
        return sent + (self.judge.confirming if purpose == "holdout" else asked)

    def calls(self, effect: Effect) -> int:
        """Return the calls that an effect takes at most, replays included."""
        if isinstance(effect, Measure):
            return effect.calls * self.trial_calls(effect.purpose)
        return effect.calls

    def task(self, train: tuple[Case, ...], proposals: int | None) -> Task:
        """Return what a strategy gets to know: nothing of the hold-out.

        Args:
            train: The train cases.
            proposals: How many candidates the budget buys; ``None``: no limit.
        """
        # What the functions of a task hold can be reached: the plan has all cases.
        prompt = self.prompt
        incumbent = with_held_examples(prompt, train)
        return Task(
            label=self.prompt.label,
            regions=self.regions,
            incumbent=incumbent,
            cases=train,
            exemplar=_exemplars(self.prompt, train),
            fit=lambda texts: attributed(prompt.fitted(texts), incumbent),
            seed=self.seed,
            steps=self.steps,
            proposals=proposals,
            word_limit={
                region.address: self.limits.most_words(region.text)
                for region in self.prompt.regions
            },
            settings=self.optimizer_settings,
            earlier=self.earlier,
            experience=self.experience,
            example_regions=self.example_regions,
            names={
                region.address: self.prompt.names_with(region.address)
                for region in self.regions
                if self.prompt.names
            },
        )


def _exemplars(prompt: Prompt, train: Sequence[Case]) -> Callable[[Case, str], str]:
    """Return how train cases look to the task model, with the place of one region.

    The function holds the prompt and the ids of train cases only, so that no hold-out
    case can be reached through it.
    """
    ids = frozenset(case.id for case in train)
    whole = frozenset(
        entry.address for entry in prompt.regions if entry.kind == "whole"
    )

    @cache
    def marked(address: str) -> Prompt | None:
        try:
            return _with_mark(prompt, address)
        except TemplateError:
            return None  # the place needs more than a mark

    def exemplar(case: Case, address: str) -> str:
        if case.id not in ids:
            raise StrategyError(
                f"case {case.id!r} is not a train case",
                "show only cases of task.cases",
            )
        shown = None if address in whole else marked(address)
        if shown is not None:
            try:
                messages = shown.render(case.inputs)
                return "\n".join(message.content.strip("\n") for message in messages)
            except TemplateError:
                pass  # the rest of the template needs what the region defines
        # There is no place to point at, so the inputs are shown by name.
        return "\n".join(
            f"{name}: {as_text(value)}" for name, value in case.inputs.items()
        )

    return exemplar


def _with_mark(prompt: Prompt, address: str) -> Prompt:
    mark = prompt.fitted(Candidate(texts={address: HERE}))
    own = [one for one in prompt.named.values() if address in one.incumbent.texts]
    return (own[0] if own else prompt).replacing(mark)
