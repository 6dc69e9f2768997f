"""Retroformer: reflect on failures, rate each reflection, learn from the ratings.

A step takes the best prompt so far, draws cases that it fails, and has the optimizer
model look back on each, several times: what was the mistake, and which lesson prevents
it. A lesson is added to the prompt and rated by the difference it makes on *other*
cases, held against the prompt without it on the same trials. Rated lessons are
remembered: they are shown as demonstrations with their ratings, and they tell which of
several new lessons are worth a rating. The best of a step gets in if it passes the
same paired test as an edit of reflect.

Source:
    Yao et al., "Retroformer: Retrospective Large Language Agents with Policy Gradient
    Optimization", arXiv:2308.02151, ICLR 2024: a frozen actor, a retrospective model
    that turns a failed attempt into a reflection, a memory of reflections in the
    actor's prompt, and the difference of the returns as the rating of a reflection,
    which three stages of training use.

What is changed on purpose, and why:

==============================  =====================================================
the paper                       here
==============================  =====================================================
policy gradient on the weights  none: the best-rated lessons are shown as
of the retrospective model      demonstrations, the worst one beside them
a reward model on the ratings   a ridge regression of the ratings on the words of the
                                lessons
KL to the model before          a lesson has a limit of words, and repeats are turned
                                away
the rating is the gain on the   the gain on other cases: on its own case a lesson may
case that was reflected on      just tell the answer
the reflections of a task stay  a lesson serves all cases, and gets in by a paired test
with it                         on a growing share of them
the last three reflections      all that got in; the limit of words of the prompt
stay                            bounds them
trajectories of several steps   one reply
==============================  =====================================================

What is lost: credit by gradient, a retrospective model that gets better from project to
project, and the guarantee that it stays near where it began.

Half of the cases that lessons are rated on are failures, drawn for being so; they come
right by luck now and then. That raises all ratings of a step alike and decides nothing:
what gets in is tried on cases that were drawn without a look at the scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.drafts import Drafts
from pytest_promptopt.optimize.evidence import prose_of
from pytest_promptopt.optimize.history import History
from pytest_promptopt.optimize.strategies.lessons import Memory
from pytest_promptopt.optimize.strategies.retroformer_options import RetroformerOptions
from pytest_promptopt.optimize.strategies.retrospection import (
    META_PROMPT,
    question,
    taught,
)
from pytest_promptopt.optimize.strategies.trying import Gate, Try, tried
from pytest_promptopt.optimize.strategy import Evaluate, Evaluated, NextStep, Tally
from pytest_promptopt.records import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategies.children import Child
    from pytest_promptopt.optimize.strategy import Moves, Rejected, Task
    from pytest_promptopt.prompts import Region
    from pytest_promptopt.records import Case

LESS_PROMISING = "less promising"
_LESS_THAN_A_GAIN = 1e-9


class Retroformer:
    """Rated reflections, on the regions of a prompt.

    Args:
        options: Its numbers; our defaults if left out.
        memory: Makes the memory of a search.
    """

    name = "retroformer"

    def __init__(
        self,
        options: RetroformerOptions | None = None,
        *,
        memory: Callable[[], Memory] = Memory,
    ) -> None:
        self.options = options or RetroformerOptions()
        self._memory = memory

    def most(self, scope: Scope) -> Bound:
        """Return how much a search can try at most."""
        options = self.options
        asked = scope.affordable(options.per_step * options.samples)
        # With other examples in it, a parent is another candidate, and scored anew.
        beside = options.recalled + 2 * bool(scope.examples)
        return Bound(
            proposals=scope.steps * (asked + beside), requests=scope.steps * asked
        )

    def search(self, task: Task) -> Moves:
        """Search step by step until the loop ends it."""
        history = History(task, race=self.options.race)
        looking = _Looking(task, self.options, self._memory())
        yield from history.score([task.incumbent])
        for step in range(task.steps):
            pool = history.ranked()
            if not pool:  # nothing of the start could be scored
                return
            yield NextStep()
            best = yield from looking.step(pool[0], step)
            if best is None:
                continue
            draws = task.draws("order", step)
            order = tuple(draws.sample(task.cases, len(task.cases)))
            gate = Gate(first=self.options.others, level=self.options.level)
            (outcome,) = yield from tried(
                [Try(parent=pool[0], child=best, order=order)], gate
            )
            if outcome.accepted and outcome.entry is not None:
                yield from history.score(
                    [outcome.entry.candidate], [outcome.child.origin]
                )


class _Looking:
    """Looks back, and rates what it sees.

    Args:
        task: The search.
        options: The numbers of it.
        memory: The lessons so far.
    """

    def __init__(self, task: Task, options: RetroformerOptions, memory: Memory) -> None:
        self.task = task
        self.options = options
        self.memory = memory
        self._asker = Asker(task, temperature=options.temperature)
        self._drafts = Drafts(task)

    def step(self, entry: Evaluated, step: int) -> Generator[Any, Any, Child | None]:
        """Reflect on some failures of a prompt, and rate the lessons.

        Returns:
            The prompt with the best-rated lesson; ``None`` if none was of any use.
        """
        region = self.task.regions[step % len(self.task.regions)]
        failed = self._failed(entry, step)
        if not failed:
            return None
        children = yield from self._lessons(entry, region, failed)
        recalled = self._recalled(entry, region)
        if recalled is not None:
            children.append(recalled)
        return (yield from self._rated(entry, children, failed, step))

    def _failed(self, entry: Evaluated, step: int) -> list[Case]:
        failing = _wrong(entry, self.task.cases)
        most = min(self.options.per_step, self._affordable, len(failing))
        return self.task.draws("failures", step).sample(failing, most)

    @property
    def _affordable(self) -> int:
        asked = self.options.per_step * self.options.samples
        return min(asked, self.task.proposals or asked)

    def _lessons(
        self, entry: Evaluated, region: Region, failed: Sequence[Case]
    ) -> Generator[Any, Any, list[Child]]:
        """Ask for lessons of each failure; what promises most of each is kept."""
        options = self.options
        shown = self.memory.demonstrations(region.address, options.demonstrations)
        times = min(options.samples, self._affordable // len(failed))
        asked = [
            question(
                self.task, entry, region, case, shown=shown, longest=options.longest
            )
            for case in failed
        ]
        replies = yield self._asker.ask(*asked, times=times)
        children: list[Child] = []
        for at in range(0, len(replies), times):
            own = replies[at : at + times]
            drafts = yield from self._drafts.read(
                own, region, prose=prose_of(META_PROMPT), fault=self._fault
            )
            kept = yield from self._promising(
                region.address, [draft.text for draft in drafts]
            )
            children += [
                taught(
                    self.task, entry, region, draft.text, reply=own[draft.reply].text
                )
                for index, draft in enumerate(drafts)
                if index in kept
            ]
        return children

    def _fault(self, text: str) -> str | None:
        # Not a word more than a few over: models count badly.
        return "too long" if len(text.split()) > 2 * self.options.longest else None

    def _promising(
        self, address: str, texts: Sequence[str]
    ) -> Generator[Tally, None, frozenset[int]]:
        """Return which of some lessons are rated; without ratings all of them."""
        every = frozenset(range(len(texts)))
        if not self.memory.rated(address) or len(texts) <= self.options.rated:
            return every
        promises = self.memory.promises(address, texts)
        order = sorted(every, key=lambda index: (-promises[index], index))
        yield Tally(LESS_PROMISING, len(order) - self.options.rated)
        return frozenset(order[: self.options.rated])

    def _recalled(self, entry: Evaluated, region: Region) -> Child | None:
        """Return the prompt with the best lesson that it does not have."""
        if not self.options.recalled:
            return None
        has = entry.candidate.texts[region.address]
        best = next(
            (
                lesson
                for lesson in self.memory.estimated(region.address)
                if lesson.rating > _LESS_THAN_A_GAIN and lesson.text not in has
            ),
            None,
        )
        if best is None:
            return None
        return taught(self.task, entry, region, best.text)

    def _rated(
        self,
        entry: Evaluated,
        children: Sequence[Child],
        failed: Sequence[Case],
        step: int,
    ) -> Generator[Any, Any, Child | None]:
        """Rate lessons on other cases; return the best child that is ahead."""
        if not children:
            return None
        cases = self._others(entry, failed, step)
        key = entry.candidate.key
        kept = Origin(operator="kept", parents=(key,))
        answers: tuple[Evaluated | Rejected, ...] = yield Evaluate(
            candidates=(entry.candidate, *(child.candidate for child in children)),
            cases=cases,
            origins=(kept, *(child.origin for child in children)),
        )
        before, *after = answers
        best: tuple[float, Child] | None = None
        for child, answer in zip(children, after, strict=True):
            if not isinstance(before, Evaluated) or not isinstance(answer, Evaluated):
                continue
            rating = _difference(before, answer, cases)
            if rating is None:
                continue
            origin = child.origin
            self.memory.rate(origin.region, origin.detail["lesson"], rating)
            if rating > _LESS_THAN_A_GAIN and (best is None or rating > best[0]):
                best = (rating, child)
        return best[1] if best else None

    def _others(
        self, entry: Evaluated, failed: Sequence[Case], step: int
    ) -> tuple[Case, ...]:
        """Return the cases that lessons are rated on, half of them failures."""
        seen = {case.id for case in failed}
        rest = [case for case in self.task.cases if case.id not in seen]
        wrong = {case.id for case in _wrong(entry, rest)}
        drawn = self.task.draws("others", step).sample(rest, len(rest))
        first = [case for case in drawn if case.id in wrong]
        second = [case for case in drawn if case.id not in wrong]
        most = self.options.others
        share = max(most // 2, most - len(second))
        chosen = first[:share]
        chosen += second[: most - len(chosen)]
        return tuple(chosen) or self.task.cases  # there is no other one


def _wrong(entry: Evaluated, cases: Sequence[Case]) -> list[Case]:
    scores = {case.id: entry.scores.get(case.id) for case in cases}
    return [
        case for case in cases if (score := scores[case.id]) is not None and score < 1.0
    ]


def _difference(
    before: Evaluated, after: Evaluated, cases: Sequence[Case]
) -> float | None:
    """Return the weighted mean difference; ``None`` if no case has both scores."""
    pairs = [
        (case.weight, now - was)
        for case in cases
        if (was := before.scores.get(case.id)) is not None
        and (now := after.scores.get(case.id)) is not None
    ]
    total = sum(weight for weight, _ in pairs)
    return sum(weight * gain for weight, gain in pairs) / total if total else None
