"""ICPI: choose the next kind of edit by simulating what each of them would lead to.

A state says where the text stands: its score, its length and the edits it has come
through. An action is a kind of edit, which the optimizer model carries out on one
passage; its reward is the change of the score on the train cases. Before each edit the
optimizer model, shown what came of the same kind of edit before, foretells what each
kind would bring here, and from recent episodes which kind would follow, some edits
deep. The kind with the highest simulated return is made and really scored. So the
choice gets better as the memory grows, by the maximum and by the better courses that
the simulated policy is shown; no weight changes.

Source:
    Brooks, Walls, Lewis and Singh, "Large Language Models can Implement Policy
    Iteration", arXiv:2210.03821, NeurIPS 2023: rollouts by one model in several parts,
    each with entries of its own; entries of the same action, balanced over outcomes;
    the policy in the rollouts from parts of the most recent episodes; random actions
    as long as little is known. Discount 0.8, 8 recent episodes, the temperatures and
    the share of random actions: the authors' released code.

What is changed on purpose, and why:

==============================  =====================================================
the paper or its code           here
==============================  =====================================================
small games, whose dynamics     edits of a prompt: the same kind of edit is another
are fixed                       text each time, so that what is learned is what a kind
                                of edit brings on average
hundreds of cheap steps         some tens, each as dear as the train cases: the
                                journal of earlier runs on the same split is read, too
a model of code continues       a chat model fills in one line of a closed vocabulary;
assertions                      it may well know something of edits beforehand, so
                                that not all is learned in context
end, reward and next state are  one request for the three of them: a third of the
predicted one by one            calls
random actions until there are  first each action is made twice, the least known ones
three episodes                  before the others; then by chance as in the code
a reply that cannot be read is  once more with other entries, see ``again``
asked for up to three times
nobody asks whether the         edits whose outcome is known are predicted from the
simulations are any good        others; if that says no more than the frequencies of
                                the action, the table of what was seen takes over
an episode begins in a fixed    from the best text so far
state
the maximum is taken, whatever  where no edit is thought to gain anything, the kind
it is                           that was made least in this state: a text that is
                                worse is dropped, and nothing lost but its scoring
==============================  =====================================================
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.asking import Asker
from pytest_promptopt.optimize.bound import Bound
from pytest_promptopt.optimize.drafts import Drafts
from pytest_promptopt.optimize.evidence import HERE
from pytest_promptopt.optimize.history import History
from pytest_promptopt.optimize.strategies.calibration import verdict
from pytest_promptopt.optimize.strategies.children import Wanted, born
from pytest_promptopt.optimize.strategies.edit_actions import ACTIONS
from pytest_promptopt.optimize.strategies.edit_log import EditLog
from pytest_promptopt.optimize.strategies.edit_states import (
    LARGEST,
    Outcome,
    State,
    Transition,
    read_transition,
)
from pytest_promptopt.optimize.strategies.icpi_options import IcpiOptions
from pytest_promptopt.optimize.strategies.reflection import examples
from pytest_promptopt.optimize.strategies.simulating import (
    MOST_CHECKED,
    Simulator,
    calls_of_a_choice,
    checks,
)
from pytest_promptopt.optimize.strategy import Evaluated, NextStep, Note

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence
    from random import Random

    from pytest_promptopt.optimize.bound import Scope
    from pytest_promptopt.optimize.strategies.calibration import Verdict
    from pytest_promptopt.optimize.strategies.children import Child
    from pytest_promptopt.optimize.strategy import Move, Moves, Task
    from pytest_promptopt.prompts import Region

META_PROMPT = "icpi_edit.j2"
EARLIER = 500
"""Transitions that there are at most: those of earlier runs, and more."""

UNREADABLE = (
    "icpi: none of the predictions of what an edit brings could be read: the table of "
    "what was seen chooses from here on"
)
SETTLED = 3
"""Episodes after which simulations decide as often as chance does."""


class Icpi:
    """In-context policy iteration over edits of a prompt.

    Args:
        options: Its numbers; our defaults if left out.
        name: What it is called.
    """

    wants_experience = True

    def __init__(
        self, options: IcpiOptions | None = None, *, name: str = "icpi"
    ) -> None:
        self.options = options or IcpiOptions()
        self.name = name

    def most(self, scope: Scope) -> Bound:
        """Return how much a search can try at most."""
        options = self.options
        edits = scope.steps * scope.affordable(options.per_step)
        requests = edits * (1 + calls_of_a_choice(options))
        if options.world_model == "model" and options.choosing == "argmax":
            most = edits + (EARLIER if options.earlier else 0)
            requests += sum(checks(options, most)) * (1 + options.again)
        return Bound(proposals=edits, requests=requests)

    def search(self, task: Task) -> Moves:
        """Search step by step until the loop ends it."""
        walk = Walk(task, self.options)
        yield from walk.begin()
        if walk.at is None:  # nothing of the start could be scored
            return
        count = min(self.options.per_step, task.proposals or self.options.per_step)
        for _ in range(task.steps):
            yield NextStep()
            for _ in range(count):
                yield from walk.go()


class Walk:
    """One search: from text to text by edits.

    Args:
        task: The search.
        options: Its numbers.

    Attributes:
        at: The text that the next edit is made on; ``None`` before it is scored.
    """

    def __init__(self, task: Task, options: IcpiOptions) -> None:
        self.at: Evaluated | None = None
        self._task = task
        self._options = options
        self._history = History(task, race=options.race)
        self._drafts = Drafts(task)
        self._asker = Asker(task, temperature=options.temperature)
        self._log = EditLog(_earlier(task.experience) if options.earlier else ())
        self._simulator = Simulator(task, self._asker, self._log, options)
        self._check_at = options.checked
        self._trusts = options.world_model == "model"
        self._failed: dict[str, int] = {}
        self._holds: dict[str, tuple[str, ...]] = {}
        self._made = self._episode = self._length = 0

    def begin(self) -> Generator[Move, Any, None]:
        """Have the start scored."""
        yield from self._history.score([self._task.incumbent])
        self.at = next(iter(self._history.ranked()), None)

    def go(self) -> Generator[Move, Any, None]:
        """Make one edit, have it scored, and remember what came of it."""
        if self.at is None or self._length >= self._options.episode:
            self._restart()
        at = self.at
        if at is None:
            return
        before = self._state(at)
        action = yield from self._choice(before)
        child = yield from self._edited(at, action)
        self._made += 1
        if child is None:
            self._failed[action] = self._failed.get(action, 0) + 1
            return
        (answer,) = yield from self._history.score([child.candidate], [child.origin])
        if isinstance(answer, Evaluated):
            yield from self._learn(at, before, action, answer)
        else:
            self._failed[action] = self._failed.get(action, 0) + 1

    def _restart(self) -> None:
        """Begin an episode with the best text so far."""
        self.at = next(iter(self._history.ranked()), None)
        self._episode += 1
        self._length = 0

    def _choice(self, state: State) -> Generator[Move, Any, str]:
        """Choose the kind of the next edit."""
        draws = self._task.draws("icpi choice", self._made)
        if self._options.choosing == "random":
            return draws.choice(list(ACTIONS))
        new = self._log.unknown(self._options.least, self._failed)
        known = self._log.available()
        if new or not known:
            return draws.choice(new or list(ACTIONS))
        if draws.random() >= self._settled:
            return draws.choice(known)
        if self._options.choosing == "imitation":
            (name,) = yield from self._simulator.policy([state])
            return name or draws.choice(known)
        yield from self._check()
        values: dict[str, float] = {}
        if self._trusts:
            values = yield from self._simulated(state, known)
        values = values or {name: self._log.value(state, name) for name in known}
        return self._best(state, values, draws)

    def _simulated(
        self, state: State, known: Sequence[str]
    ) -> Generator[Move, Any, dict[str, float]]:
        """Return the simulated return of each kind that something could be said of."""
        paths = yield from self._simulator.returns(state, known)
        values = {
            name: path.value for name, path in paths.items() if path.first is not None
        }
        if not values:
            self._trusts = False
            yield Note(sentence=UNREADABLE)
        return values

    def _best(self, state: State, values: Mapping[str, float], draws: Random) -> str:
        """Return the action that is worth most; by chance among equals.

        Where none of them is thought to gain anything, it is the one that was made
        least in this state: a text that turns out worse is dropped, and costs no more
        than one that is as good.
        """
        worth = {name: round(value, 9) for name, value in values.items()}
        if max(worth.values()) <= 0:
            worth = {name: -self._log.made(state, name) for name in worth}
        most = max(worth.values())
        return draws.choice([name for name, value in worth.items() if value >= most])

    @property
    def _settled(self) -> float:
        """How often the choice is not left to chance, in (0, 1)."""
        episodes = len({entry.episode for entry in self._log.entries})
        return 1 / (1 + math.exp(-2 * (episodes - SETTLED)))

    def _edited(self, at: Evaluated, action: str) -> Generator[Move, Any, Child | None]:
        regions = self._task.regions
        region = regions[self._made % len(regions)]
        wanted = Wanted(
            region=region,
            base=at.candidate,
            operator=action,
            meta_prompt=META_PROMPT,
            values={
                "current": at.candidate.texts[region.address].strip(),
                "edit": ACTIONS[action],
                "examples": self._failures(at, region),
                "here": "" if region.kind == "whole" else HERE,
            },
            parents=(at.candidate.key,),
        )
        (child,) = yield from born(self._task, self._asker, self._drafts, [wanted])
        return child

    def _failures(self, at: Evaluated, region: Region) -> list[dict[str, Any]]:
        failing = [
            case
            for case in self._task.cases
            if (score := at.scores.get(case.id)) is not None and score < 1.0
        ]
        draws = self._task.draws("icpi failures", self._made)
        shown = draws.sample(failing, min(self._options.failures, len(failing)))
        return examples(self._task, at, region, shown)

    def _learn(
        self, at: Evaluated, before: State, action: str, child: Evaluated
    ) -> Generator[Move, Any, None]:
        """Enter what came of an edit, and go on from there or from the best text."""
        reward = self._reward(child.mean - at.mean)
        # Of a text that left a race nobody knows which replies are wrong.
        kept = reward >= 0 and child.is_whole
        self._holds[child.candidate.key] = tuple(
            sorted({*self._holds.get(at.candidate.key, ()), action})
        )
        entry = Transition(
            before=before,
            action=action,
            outcome=Outcome(reward=reward, kept=kept, after=self._state(child)),
            episode=self._episode,
        )
        self._log.add(entry)
        yield Note(data={"transition": entry.to_json()})
        self._length += 1
        self.at = child if kept else None

    def _check(self) -> Generator[Move, Any, None]:
        """Leave the simulations where they cannot tell what an edit brings."""
        entries = self._log.checkable(MOST_CHECKED)
        if not self._trusts or len(self._log.checkable(EARLIER)) < self._check_at:
            return
        while self._check_at <= len(self._log.checkable(EARLIER)):
            self._check_at *= 2
        foretold = yield from self._simulator.foretold(entries)
        found = verdict(foretold)
        self._trusts = found.trusted
        data = {"check": {**asdict(found), "error": round(found.error, 4)}}
        yield Note(sentence=_told(found), data=data)

    def _reward(self, change: float) -> int:
        steps = round(change / self._options.notch)
        return max(-LARGEST, min(LARGEST, steps))

    def _state(self, entry: Evaluated) -> State:
        texts, limits = entry.candidate.texts, self._task.word_limit
        addresses = [region.address for region in self._task.regions]
        words = sum(len(texts[address].split()) for address in addresses)
        most = sum(limits[address] for address in addresses)
        return State.of(
            entry.mean, words / max(1, most), self._holds.get(entry.candidate.key, ())
        )


def _earlier(lines: Iterable[Any]) -> Sequence[Transition]:
    """Return the transitions among what earlier runs left behind, oldest first."""
    found = []
    for line in lines:
        noted = line.get("transition") if isinstance(line, dict) else None
        entry = read_transition(noted) if isinstance(noted, dict) else None
        if entry is not None:
            found.append(entry)
    return _renumbered(found)


def _renumbered(entries: Sequence[Transition]) -> Sequence[Transition]:
    """Number episodes below 0: several runs have each numbered theirs from 0."""
    numbers: list[int] = []
    last: Transition | None = None
    for entry in entries:
        follows = (
            last is not None
            and last.episode == entry.episode
            and last.outcome.after == entry.before
        )
        numbers.append((numbers[-1] if numbers else 0) + (not follows))
        last = entry
    total = numbers[-1] + 1 if numbers else 0
    return [
        replace(entry, episode=number - total)
        for entry, number in zip(entries, numbers, strict=True)
    ]


def _told(found: Verdict) -> str:
    """Say that predictions are left; empty as long as they are good."""
    if found.trusted:
        return ""
    return (
        f"icpi: predictions of what an edit brings have the right sign in "
        f"{found.right} of {found.cases} cases that are known (p = "
        f"{found.p_value:.2f}; Brier score {found.error:.2f}, of frequencies "
        f"{found.usual:.2f}): the table of what was seen chooses from here on"
    )
