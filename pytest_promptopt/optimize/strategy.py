"""What a strategy is: a generator that asks, evaluates, and is told what came of it.

A strategy sees a :class:`Task`, train cases only, and has no effect of its own. It
yields

* :class:`~pytest_promptopt.optimize.effects.Complete` to ask the optimizer model; it
  receives ``tuple[Completion | None, ...]``;
* :class:`Evaluate` to have candidates scored; it receives
  ``tuple[Evaluated | Rejected, ...]``, one per candidate in their order;
* :class:`NextStep` at the start of each step, where the loop may end the search; it
  receives ``None``;
* :class:`~pytest_promptopt.optimize.effects.Embed` to have texts placed in a space of
  meanings; it receives ``tuple[tuple[float, ...], ...] | None``, ``None`` where no
  embeddings model is set;
* :class:`Tally` to have something counted in the log of the step, such as replies
  that could not be read; it receives ``None``;
* :class:`Note` to have something told beside the result, or kept in the journal for
  later runs; it receives ``None``.

Given the same task and the same answers it yields the same things, also in a process
with another ``PYTHONHASHSEED``; random draws come from :meth:`Task.draws`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pytest_promptopt.optimize.effects import Complete, Embed

if TYPE_CHECKING:
    from pytest_promptopt.prompts import ExampleRegion, Region
    from pytest_promptopt.records import Candidate, Case, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a strategy may know about the search.

    Attributes:
        label: How messages call the prompt.
        regions: The regions that may be rewritten, in template order; not empty.
        incumbent: The texts as they are in the files.
        cases: The train cases; no hold-out case can be reached from here.
        exemplar: Case and region address to the prompt as the task model gets it,
            with ``<HERE>`` where the region's text goes.
        fit: Gives the texts of a candidate the blank space at their ends that the
            template has there; see :meth:`rewritten`.
        seed: Seed of the random draws.
        steps: How many steps the search may take, at least 1.
        proposals: How many candidates the budget buys; ``None``: no limit.
        word_limit: Region address to the most words a new text may have.
        settings: Settings of the requests to the optimizer model; they win over the
            strategy's own.
        names: Region address to the names of the prompts that it stands in, where an
            application sends several for each case; empty where it sends one.
        earlier: Earlier versions of the prompt, as its history in git has them, the
            latest first; no incumbent among them.
        experience: What this strategy noted in earlier runs on the same split, oldest
            first, see :class:`Note`. It comes from a file that anybody may have
            written: take nothing from it that was not checked.
        example_regions: The regions that hold whole train cases. What stands there is
            chosen beside the strategy, see
            :mod:`pytest_promptopt.optimize.few_shot`.
        problem: What the text is a solution to, where it is no prompt: there is one
            case then, and its output is what the text is worth, as a user reads it.
            Requests of a strategy without an attribute ``states_problem`` that is true
            get it in front. Empty for a prompt.
    """

    label: str
    regions: tuple[Region, ...]
    incumbent: Candidate
    cases: tuple[Case, ...]
    exemplar: Callable[[Case, str], str]
    fit: Callable[[Candidate], Candidate]
    seed: int = 0
    steps: int = 1
    proposals: int | None = None
    word_limit: Mapping[str, int]
    settings: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    earlier: tuple[Candidate, ...] = ()
    experience: tuple[Mapping[str, Any], ...] = ()
    example_regions: tuple[ExampleRegion, ...] = ()
    problem: str = ""

    def rewritten(self, base: Candidate, address: str, text: str) -> Candidate:
        """Return a candidate with a new text in one region, fitted to its place."""
        return self.fit(base.replacing(address, text))

    def draws(self, *purpose: str | int) -> random.Random:
        """Return the random numbers for one purpose, such as ``("exemplars", 3)``.

        The same purpose gives the same numbers, whatever was drawn before; a seed of
        text does not depend on ``PYTHONHASHSEED``.
        """
        words = (self.seed, self.label, *purpose)
        return random.Random("\n".join(map(str, words)))  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Have candidates scored on the same cases with the same trials.

    Attributes:
        candidates: What to score; each has a text for every region address.
        cases: Train cases to score on.
        trials: Trials per case, at least 1.
        origins: How each candidate came to be, in the same order; empty: nobody says.
        race: Whether a candidate that is clearly worse than the best one need not be
            scored to the end; see :attr:`Evaluated.is_whole`.
    """

    candidates: tuple[Candidate, ...]
    cases: tuple[Case, ...]
    trials: int = 1
    origins: tuple[Origin, ...] = ()
    race: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What a candidate is worth on the cases asked for.

    Attributes:
        candidate: The candidate, fitted to the template as by :meth:`Task.rewritten`.
        mean: Weighted mean score over the scored cases, in [0, 1]; of a candidate that
            left a race it is an estimate for all cases.
        scores: Case id to mean score; ``None`` where nothing could be scored, and for
            the cases that stand in the candidate's own examples.
        reasons: Case id to why its first imperfect trial is not right.
        outputs: Case id to the reply of that trial, else of the first one.
        trials: Trials per case.
        is_whole: Whether it was scored on all cases asked for; not if it left a race,
            and then the mappings hold fewer cases.
    """

    candidate: Candidate
    mean: float
    scores: Mapping[str, float | None]
    reasons: Mapping[str, str]
    outputs: Mapping[str, str]
    trials: int = 1
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A candidate that was turned away, and why; it has cost no call.

    Attributes:
        candidate: The candidate.
        reason: Why, as the log counts it.
    """

    candidate: Candidate
    reason: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Something to count in the log of the step.

    Attributes:
        reason: What to count, such as ``"repeat"``.
        count: How often it happened, at least 1.
    """

    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to tell, or to remember.

    Attributes:
        sentence: Told beside the result; empty: nothing is.
        data: Kept in the journal, JSON values only. A strategy with ``wants_experience
            = True`` finds it in a later run, in :attr:`Task.experience`.
    """

    sentence: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step begins; the loop may end the search here."""


Move = Complete | Embed | Evaluate | NextStep | Note | Tally
Moves = Generator[Move, Any, None]


class Strategy(Protocol):
    """An optimisation algorithm; see the module's text for the protocol."""

    @property
    def name(self) -> str:
        """What settings and reports call it."""
        ...

    def search(self, task: Task) -> Moves:
        """Search for better candidates; ends when there is nothing left to try."""
        ...
