"""What a reader can learn from the evidence of a request, and how far to trust it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from instruction_language import (
    Instruction,
    complaints,
    instructions,
    sentences,
    traits,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from random import Random

    from pytest_promptopt.models.offline.evidence import Attempt, Evidence

TOLD, SHOWN, BORROWED = 0.75, 0.12, 0.6
"""How likely a reader acts on a complaint, an expected answer, a better attempt."""

INDUCED = 5.0
"""How much more likely it acts on an expected answer without a text to start from."""

DROPPED = 0.5
"""How likely a reader drops what worse attempts have in common."""

NOTABLE = 0.5
"""Points of score, drawn towards 0, from which a difference is taken for one."""

MOST_ADDED, MOST_DROPPED, MOST_INDUCED = 3, 2, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What the evidence of a request suggests.

    Attributes:
        wanted: Instruction to how likely it is taken up.
        unwanted: Topics that replies are spoilt by.
        worth: Instruction to how much better attempts with it score, in points.
    """

    wanted: Mapping[Instruction, float]
    unwanted: frozenset[str]
    worth: Mapping[Instruction, float]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to act on."""
        return not (self.wanted or self.unwanted or self.worth)


def learn(evidence: Evidence) -> Knowledge:
    """Weigh what a request shows."""
    wanted: dict[Instruction, float] = {}
    for example in evidence.examples:
        for trait in traits(example.expected):
            wanted.setdefault(trait, SHOWN)
    unwanted = []
    told = (evidence.prose, *(example.why for example in evidence.examples))
    for complaint in complaints("\n".join(told)):
        if complaint.kind == "spoilt":
            unwanted.append(complaint.topic)
        else:
            wanted[Instruction(complaint.topic, complaint.kind == "lacks")] = TOLD
    worth = _worth(evidence.attempts)
    for instruction, points in worth.items():
        if points > NOTABLE:
            wanted[instruction] = max(BORROWED, wanted.get(instruction, 0.0))
    return Knowledge(wanted=wanted, unwanted=frozenset(unwanted), worth=worth)


@lru_cache(maxsize=4096)
def told_by(text: str) -> tuple[Instruction, ...]:
    """Return what a text says, in its order, each once."""
    found = (entry for part in sentences(text) for entry in instructions(part))
    return tuple(dict.fromkeys(found))


def additions(
    text: str, known: Knowledge, random: Random, *, most: int = MOST_ADDED
) -> list[Instruction]:
    """Choose what to add to a text; to none at all, more is added."""
    given = set(told_by(text))
    eagerness, most = (1.0, most) if text else (INDUCED, MOST_INDUCED)
    taken = [
        instruction
        for instruction, trust in known.wanted.items()
        if instruction not in given
        and instruction.topic not in known.unwanted
        and known.worth.get(instruction, 0.0) > -NOTABLE
        and random.random() < trust * eagerness
    ]
    return random.sample(taken, min(most, len(taken)))


def removals(text: str, known: Knowledge, random: Random) -> list[Instruction]:
    """Choose what to take out of a text."""
    poor = [
        instruction
        for instruction in told_by(text)
        if (
            instruction.topic in known.unwanted
            or known.worth.get(instruction, 0.0) < -NOTABLE
        )
        and random.random() < DROPPED
    ]
    return random.sample(poor, min(MOST_DROPPED, len(poor)))


def best_of(attempts: Sequence[Attempt], random: Random) -> str:
    """Pick an attempt to build on: the best of four, if the scores are shown."""
    drawn = [random.choice(attempts) for _ in range(4)]
    return max(drawn, key=lambda attempt: attempt.score or 0).text


def _worth(attempts: Iterable[Attempt]) -> dict[Instruction, float]:
    scored = [
        (frozenset(told_by(attempt.text)), attempt.score)
        for attempt in attempts
        if attempt.score is not None
    ]
    every = dict.fromkeys(entry for told, _ in scored for entry in sorted(told))
    return {entry: _difference(entry, scored) for entry in every}


def _difference(
    entry: Instruction, scored: Sequence[tuple[frozenset[Instruction], int]]
) -> float:
    """Compare attempts with and without it; few on one side say little."""
    inside = [score for told, score in scored if entry in told]
    outside = [score for told, score in scored if entry not in told]
    if not inside or not outside:
        return 0.0
    gap = math.fsum(inside) / len(inside) - math.fsum(outside) / len(outside)
    fewer = min(len(inside), len(outside))
    return gap * fewer / (fewer + 2.0)
