"""APE: guess many instructions from worked cases, and halve them until one is left.

Five meta-prompts show five worked cases each; every one is sent ten times. The texts
that come are scored by successive halving on shared slices of the train cases, the last
four on all of them. On request, paraphrases of the best fifth enter a halving of their
own.

Source:
    Zhou, Muresanu, Han, Paster, Pitis, Chan, Ba, "Large Language Models Are Human-Level
    Prompt Engineers", arXiv:2211.01910, ICLR 2023: section 3.1 (forward and reverse
    proposals), 3.2 (scores on subsets), 3.3 (resampling). Numbers of demonstrations,
    queries and the sampling: the authors' released code, which has neither the subsets
    nor the resampling.

What is changed on purpose, and why:

==============================  =====================================================
the paper or its code           here
==============================  =====================================================
an infilling model writes what  a chat model is shown the prompt with a blank in it
stands before the examples      (``infill``); forward and infill take turns, only
                                forward in ``ape-paper``
each candidate is scored on     all that are left are scored on the same slice, so
random cases of its own         that chance in the cases favours nobody
those above a threshold go on   the better half goes on: no threshold fits all scores
log-probabilities of the        the scorer's scores: chat endpoints do not give them,
answer                          and the paper found accuracy to be the better guide
at most 50 tokens a text        a limit in words, told to the model and enforced by
                                the guards: a template passage may be long
top_p 0.9                       not set, since some models refuse it beside a
                                temperature; 0.9 in ``ape-paper``
demonstrations and test cases   demonstrations are train cases; a gain is confirmed
may be the same                 on hold-out cases by the loop
the start is not among them     it is, and stays if nothing is better
ties go by the alphabet         the shorter, then the older, then the hash
cases need an answer            of cases without one the reason is shown for which the
                                start failed
one instruction                 several regions take turns; the others stay
==============================  =====================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.drafts import Drafts
from pytest_promptopt.optimize.options import (
    check_choice,
    check_number,
    check_switch,
)
from pytest_promptopt.optimize.strategies.children import born
from pytest_promptopt.optimize.strategies.halving import (
    FINALISTS,
    most_candidates,
    rounds,
)
from pytest_promptopt.optimize.strategies.inducing import Form, demonstrations, induced
from pytest_promptopt.optimize.strategies.paraphrasing import paraphrase_of
from pytest_promptopt.optimize.strategies.population import fittest
from pytest_promptopt.optimize.strategy import Evaluate, Evaluated, NextStep
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from typing import Any

    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategies.children import Child, Wanted
    from pytest_promptopt.optimize.strategy import Moves, Rejected, Task

FORMS: Mapping[str, tuple[Form, ...]] = {
    "both": ("forward", "infill"),
    "forward": ("forward",),
    "infill": ("infill",),
}

PAPER = {"forms": "forward", "top_p": 0.9, "race": False}
"""What ``ape-paper`` sets."""

VARIANTS = 5
"""Paraphrases of each candidate that is resampled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApeOptions:
    """What can be set about APE.

    Attributes:
        queries: Meta-prompts, each with cases of its own, at least 1.
        per_query: How often each is sent, at least 1.
        demonstrations: Worked cases that a meta-prompt shows, at least 1.
        forms: ``"both"``, ``"forward"`` or ``"infill"``.
        temperature: Of the requests to the optimizer model, 0 or more.
        top_p: The same, from 0 to 1; ``None``: not sent.
        resample: Rounds of paraphrases of the best candidates, at least 0. The authors
            found that they lift the mean and seldom the best.
        top: Share of the candidates that is resampled, above 0 and at most 1.
        race: Whether a finalist that is clearly worse than the best one need not be
            scored on all train cases.
    """

    queries: int = 5
    per_query: int = 10
    demonstrations: int = 5
    forms: str = "both"
    temperature: float = 0.9
    top_p: float | None = None
    resample: int = 0
    top: float = 0.2
    race: bool = True

    def __post_init__(self) -> None:
        for name in ("queries", "per_query", "demonstrations"):
            check_number("ape", name, getattr(self, name), lowest=1)
        check_number("ape", "resample", self.resample, lowest=0)
        check_number("ape", "temperature", self.temperature, lowest=0, whole=False)
        if self.top_p is not None:
            check_number("ape", "top_p", self.top_p, lowest=0, highest=1, whole=False)
        check_number("ape", "top", self.top, lowest=0, highest=1, whole=False)
        check_choice("ape", "forms", self.forms, tuple(FORMS))
        check_switch("ape", "race", self.race)

    @property
    def sampling(self) -> dict[str, Any]:
        """Settings of the requests to the optimizer model."""
        top_p = {} if self.top_p is None else {"top_p": self.top_p}
        return {"temperature": self.temperature, **top_p}


class Ape:
    """Automatic prompt engineer, on the regions of a prompt.

    Args:
        options: Its numbers; our defaults if left out.
        name: What it is called.
    """

    def __init__(self, options: ApeOptions | None = None, *, name: str = "ape") -> None:
        self.options = options or ApeOptions()
        self.name = name

    def most(self, scope: Scope) -> Bound:
        """Return how much a search can try at most."""
        again = min(self.options.resample, scope.steps - 1)
        count = self._count(scope.regions, scope.cases, scope.proposals)
        asked = count * (1 + again)
        return Bound(proposals=asked, requests=asked)

    def search(self, task: Task) -> Moves:
        """Propose once, halve, and resample as often as the options say."""
        drafts, asker = Drafts(task), Asker(task, **self.options.sampling)
        answers = yield Evaluate(
            candidates=(task.incumbent,),
            cases=task.cases,
            origins=(Origin(operator="start"),),
        )
        start = _accepted(answers)
        yield NextStep()
        count = self._count(len(task.regions), len(task.cases), task.proposals)
        reasons = start[0].reasons if start else {}
        wanted = islice(self._proposals(task, reasons), count)
        children = yield from born(task, asker, drafts, tuple(wanted))
        ranking = yield from self._halved(task, children)
        for _ in range(min(self.options.resample, task.steps - 1)):
            yield NextStep()
            best = ranking[: math.ceil(self.options.top * len(ranking))]
            wanted = islice(_variants(task, best), count)
            children = yield from born(task, asker, drafts, tuple(wanted))
            fresh = yield from self._halved(task, children)
            ranking = _furthest_first([*ranking, *fresh])

    def _count(self, regions: int, cases: int, proposals: int | None) -> int:
        """Return how many texts each halving begins with, as the budget allows."""
        most = self._queries(regions) * self.options.per_query
        if proposals is None:
            return most
        share = proposals * (1 + cases) // (1 + self.options.resample)
        return max(1, most_candidates(share, cases, at_most=most))

    def _queries(self, regions: int) -> int:
        return max(self.options.queries, regions)

    def _proposals(self, task: Task, reasons: Mapping[str, str]) -> Iterator[Wanted]:
        """Yield what to ask for; a small budget still gets something of each query."""
        forms = FORMS[self.options.forms]
        queries = []
        for number in range(self._queries(len(task.regions))):
            turn, region = divmod(number, len(task.regions))
            shown = demonstrations(
                task, self.options.demonstrations, "demonstrations", number
            )
            queries.append(
                induced(
                    task,
                    task.regions[region],
                    shown,
                    form=forms[turn % len(forms)],
                    reasons=reasons,
                )
            )
        for _ in range(self.options.per_query):
            yield from queries

    def _halved(
        self, task: Task, children: Sequence[Child | None]
    ) -> Generator[Evaluate, Any, tuple[Evaluated, ...]]:
        """Score candidates by halving; return them as far as each came, best first."""
        origins = {child.candidate.key: child.origin for child in children if child}
        left = [child.candidate for child in children if child]
        order = task.draws("slices").sample(range(len(task.cases)), len(task.cases))
        reached: list[Evaluated] = []
        planned = rounds(len(left), len(task.cases))
        for number, entry in enumerate(planned, start=1):
            is_last = number == len(planned)
            if not left or (len(left) <= FINALISTS and not is_last):
                continue
            slices = sorted(order[: entry.cases])
            told = tuple(origins[candidate.key] for candidate in left)
            answers: Sequence[Evaluated | Rejected] = yield Evaluate(
                candidates=tuple(left),
                cases=tuple(task.cases[index] for index in slices),
                origins=told,
                race=is_last and self.options.race,
            )
            scored = _accepted(answers)
            # The loop may have put other examples into them, and so given other keys.
            for answer, origin in zip(answers, told, strict=True):
                origins.setdefault(answer.candidate.key, origin)
            kept = len(scored) if is_last else planned[number].candidates
            reached += scored
            left = [one.candidate for one in fittest(scored, kept)]
        return _furthest_first(reached)


def _accepted(answers: Sequence[Evaluated | Rejected]) -> tuple[Evaluated, ...]:
    """Return what was scored; what was turned away is left out."""
    return tuple(entry for entry in answers if isinstance(entry, Evaluated))


def _variants(task: Task, best: Sequence[Evaluated]) -> Iterator[Wanted]:
    for number in range(VARIANTS):
        region = task.regions[number % len(task.regions)]
        for entry in best:
            yield paraphrase_of(entry.candidate, region)


def _furthest_first(reached: Sequence[Evaluated]) -> tuple[Evaluated, ...]:
    """Rank candidates by the cases they have been scored on, then by their scores."""
    last = {entry.candidate.key: entry for entry in reached}
    ranked = fittest(last.values(), len(last))
    return tuple(sorted(ranked, key=lambda entry: -len(entry.scores)))
