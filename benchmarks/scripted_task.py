"""The scripted task model: it answers a case as well as the landscape says it can."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from pytest_promptopt.records import Score, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from landscapes import Landscape

    from pytest_promptopt.optimize import Measure
    from pytest_promptopt.records import Candidate, Case, Trials

_SCALE = 2.0**-32


class TaskModel:
    """Answers for one landscape; a reply is a pure function of what is asked.

    Args:
        landscape: What is true.
        seed: Every number is another series of replies.
    """

    def __init__(self, landscape: Landscape, seed: int = 0) -> None:
        self._landscape = landscape
        self._seed = seed
        self._numbers = {case.id: i for i, case in enumerate(landscape.cases)}

    def measure(self, effect: Measure) -> tuple[Trials, ...]:
        """Return the trials that a measurement asks for, candidate by candidate."""
        return tuple(self._trials(candidate, effect) for candidate in effect.candidates)

    def _trials(self, candidate: Candidate, effect: Measure) -> Trials:
        chances = self._landscape.chances(candidate)
        drawn = f"{self._seed}|{candidate.key}|{effect.purpose}|{effect.run}|"
        source = hashlib.blake2b(drawn.encode(), digest_size=8)
        return {
            case.id: tuple(
                self._trial(candidate, case, chances, source.copy(), index)
                for index in effect.indices
            )
            for case in effect.cases
        }

    def _trial(
        self,
        candidate: Candidate,
        case: Case,
        chances: Sequence[float],
        source: hashlib.blake2b,
        index: int,
    ) -> Trial:
        source.update(f"{case.id}|{index}".encode())
        digest = source.digest()
        number = self._numbers[case.id]
        if int.from_bytes(digest[:4], "big") * _SCALE < chances[number]:
            return _right(str(case.expected))
        luck = int.from_bytes(digest[4:], "big") * _SCALE
        return _wrong(self._landscape.blame(candidate, number, luck))


@cache
def _right(output: str) -> Trial:
    return Trial(score=Score(value=1.0), output=output)


@cache
def _wrong(reason: str) -> Trial:
    return Trial(score=Score(value=0.0, reason=reason), output="Answer spoilt")
