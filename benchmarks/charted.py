"""The informative landscapes: what a case needs, what harms it, and what a prompt says.

A case needs one to three instructions and is harmed by some. Each adds to the log-odds
of a right reply, or takes from them, and so does the length of the prompt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from instruction_language import Complaint, Instruction, instructions, sentences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from terrains import Terrain

    from pytest_promptopt.records import Candidate, Case

MET, UNMET, REVERSED = 1.3, -1.3, -2.6
"""Log-odds that a needed instruction brings: given, missing, turned round."""

HARM, CONFLICT = -1.8, -1.2
"""Log-odds that a harmful instruction costs a case, and a conflict every case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What is true of a case and nobody is told.

    Attributes:
        ability: Log-odds of a right reply before any instruction.
        needs: Instructions that it needs.
        harms: Instructions that harm it.
        decoy: A topic that a misled reason blames.
    """

    ability: float
    needs: tuple[Instruction, ...]
    harms: frozenset[Instruction]
    decoy: Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a prompt says: its instructions, turned-round ones left out, and its length.

    Attributes:
        given: Every instruction that is not contradicted.
        words: Its words.
    """

    given: frozenset[Instruction]
    words: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charted:
    """An informative landscape.

    Attributes:
        name: Its kind.
        terrain: What the kind is like.
        files: As in :class:`Landscape`.
        cases: As in :class:`Landscape`.
        hidden: What is true of each case.
        partners: Needed instruction to the one that it only helps with.
        conflicts: Pairs that cost every case if both are given.
        known: Chances that were worked out before, by the texts.
    """

    name: str
    terrain: Terrain
    files: Mapping[str, str]
    cases: tuple[Case, ...]
    hidden: tuple[Hidden, ...]
    partners: Mapping[Instruction, Instruction]
    conflicts: tuple[frozenset[Instruction], ...]
    known: dict[tuple[str, ...], tuple[float, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def informative(self) -> bool:
        """Always: there is something to learn from each channel."""
        return True

    def chances(self, candidate: Candidate) -> Sequence[float]:
        """Return the probability of a right reply, for each of the cases."""
        texts = tuple(candidate.texts.values())
        if texts not in self.known:
            reading = read(texts)
            self.known[texts] = tuple(self._chance(reading, h) for h in self.hidden)
        return self.known[texts]

    def blame(self, candidate: Candidate, number: int, luck: float) -> str:
        """Say why a reply is wrong; now and then that is not true."""
        hidden, terrain = self.hidden[number], self.terrain
        if luck < terrain.misled:
            return str(_wanting(hidden.decoy))
        given = read(tuple(candidate.texts.values())).given
        reasons = [
            _wanting(need) for need in hidden.needs if not self._met(need, given)
        ]
        reasons += [Complaint("spoilt", h.topic) for h in sorted(hidden.harms & given)]
        if not reasons:
            return "the reply is careless"
        left = (luck - terrain.misled) / (1 - terrain.misled)
        return str(reasons[int(left * len(reasons))])

    def _chance(self, reading: Reading, hidden: Hidden) -> float:
        odds = hidden.ability
        for need in hidden.needs:
            if self._met(need, reading.given):
                odds += MET
            else:
                odds += REVERSED if need.opposite in reading.given else UNMET
        odds += HARM * len(hidden.harms & reading.given)
        odds += CONFLICT * sum(pair <= reading.given for pair in self.conflicts)
        strained = max(0, reading.words - self.terrain.roomy)
        return 1 / (1 + math.exp(self.terrain.strain * strained - odds))

    def _met(self, need: Instruction, given: frozenset[Instruction]) -> bool:
        return need in given and self.partners.get(need, need) in given


@lru_cache(maxsize=4096)
def read(texts: tuple[str, ...]) -> Reading:
    """Read a prompt; two sentences that contradict each other say nothing."""
    told = {
        instruction
        for text in texts
        for sentence in sentences(text)
        for instruction in instructions(sentence)
    }
    return Reading(
        given=frozenset(entry for entry in told if entry.opposite not in told),
        words=sum(len(text.split()) for text in texts),
    )


def _wanting(need: Instruction) -> Complaint:
    return Complaint("lacks" if need.wanted else "has", need.topic)
