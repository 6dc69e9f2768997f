"""A strategy cut off from its information, to show what the information is worth.

The wrapper stands between a strategy and the loop, and changes what passes: nothing in
the strategy is touched. What is left is the same algorithm with the same budget and the
same selection at the end, which the loop makes on true scores.

* **scores**: what a candidate scored is what another one scored, drawn from all that
  were scored on the same cases so far.
* **parents**: the texts that messages to the optimizer model show are exchanged among
  the messages that are sent together; where there is one text alone, it is one of those
  that were shown before.
* **reasons**: the topics in failure reasons are drawn anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any

from instruction_language import TOPICS, complaints

from pytest_promptopt.optimize import Complete, Evaluate, Evaluated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_promptopt.optimize import Moves, Rejected, Strategy, Task
    from pytest_promptopt.records import Request

CHANNELS = ("scores", "parents", "reasons")

_TEXT = re.compile(r"^text:(?:[ \t]*\S.*|(?:\n(?:  .*)?)+?)(?=\n\S|\Z)", re.MULTILINE)


@dataclass
class Scrambled:
    """A strategy with its information scrambled.

    Attributes:
        strategy: The strategy.
        seed: Of the scrambling.
        channels: Which of :data:`CHANNELS` are scrambled.
    """

    strategy: Strategy
    seed: int = 0
    channels: tuple[str, ...] = CHANNELS

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.strategy.name} without {', '.join(self.channels)}"

    def search(self, task: Task) -> Moves:
        """Pass every move on, with its information scrambled on the way."""
        noise = Noise(Random(f"scrambled/{self.seed}"), self.channels)
        moves = self.strategy.search(task)
        answer: Any = None
        while True:
            try:
                move = moves.send(answer)
            except StopIteration:
                return
            if isinstance(move, Complete):
                answer = yield Complete(requests=noise.asked(move.requests))
            elif isinstance(move, Evaluate):
                answer = noise.scored(move, (yield move))
            else:
                answer = yield move


@dataclass
class Noise:
    """What has been seen of a search, and the luck that mixes it up.

    Attributes:
        random: The luck.
        channels: Which of :data:`CHANNELS` are scrambled.
        shown: Every text that a message showed, in order, each once.
        pools: Case ids and trials to what was scored on them.
        told: What the strategy was told, by candidate, case ids and trials.
    """

    random: Random
    channels: Sequence[str]
    shown: dict[str, None] = field(default_factory=dict)
    pools: dict[Any, list[Evaluated]] = field(default_factory=dict)
    told: dict[Any, Evaluated] = field(default_factory=dict)

    def asked(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """Return requests that show each other's texts; equal ones stay equal."""
        if "parents" not in self.channels:
            return tuple(requests)
        contents = dict.fromkeys(
            message.content for request in requests for message in request.messages
        )
        fields = [shown for content in contents for shown in _TEXT.findall(content)]
        self.shown.update(dict.fromkeys(fields))
        if len(set(fields)) > 1:
            self.random.shuffle(fields)
        else:
            fields = [self.random.choice(list(self.shown)) for _ in fields]
        left = iter(fields)
        other = {
            content: _TEXT.sub(lambda _: next(left), content) for content in contents
        }
        return tuple(_with_contents(request, other) for request in requests)

    def scored(
        self, move: Evaluate, answers: Sequence[Evaluated | Rejected]
    ) -> tuple[Evaluated | Rejected, ...]:
        """Return what the strategy is told of a measurement."""
        kind = (tuple(case.id for case in move.cases), move.trials)
        pool = self.pools.setdefault(kind, [])
        scored = [answer for answer in answers if isinstance(answer, Evaluated)]
        new = [each for each in scored if (each.candidate.key, kind) not in self.told]
        pool.extend(new)
        return tuple(
            self._told(answer, kind) if isinstance(answer, Evaluated) else answer
            for answer in answers
        )

    def _told(self, answer: Evaluated, kind: Any) -> Evaluated:
        name = (answer.candidate.key, kind)
        if name not in self.told:
            shown = answer
            if "scores" in self.channels:
                drawn = self.random.choice(self.pools[kind])
                shown = replace(drawn, candidate=answer.candidate)
            if "reasons" in self.channels:
                shown = replace(shown, reasons=self._shuffled(shown.reasons.items()))
            self.told[name] = shown
        return self.told[name]

    def _shuffled(self, reasons: Iterable[tuple[str, str]]) -> dict[str, str]:
        return {case: self._other_topics(reason) for case, reason in reasons}

    def _other_topics(self, reason: str) -> str:
        for complaint in complaints(reason):
            other = replace(complaint, topic=self.random.choice(TOPICS))
            reason = reason.replace(str(complaint), str(other))
        return reason


def _with_contents(request: Request, other: Mapping[str, str]) -> Request:
    messages = tuple(
        replace(message, content=other[message.content]) for message in request.messages
    )
    return replace(request, messages=messages)
