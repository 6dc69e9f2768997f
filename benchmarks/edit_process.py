"""A synthetic edit process: what each kind of edit brings is known in every state.

Of nine kinds, three bring 5 points each to a text that is worth less than 0.6, and
three others to one that is worth more; anywhere else a kind costs 5 points or 10. Which
kind does what follows from the seed, and is the same as often as it is made. Scrambled,
what an edit brings is drawn for each text, from rewards as common as in the other
process, and no state and no kind says anything of it.

A text is its start and one mark for each edit. The task model is right on as many cases
as the text is worth, always the same ones, so that there is no noise but that of the
choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from landscapes import HOLDOUT, LEAD, TRAIN, template

from pytest_promptopt.optimize.strategies.edit_actions import ACTIONS
from pytest_promptopt.records import Case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import Candidate

START, MOST, LEAST = 0.25, 0.95, 0.05
GAIN = 0.05
LIMIT = 0.6
SCRAMBLED = (GAIN, GAIN, GAIN, -GAIN, -GAIN, -GAIN, -2 * GAIN, -2 * GAIN, -2 * GAIN)

_MARK = re.compile(r"\bmark ([a-z-]+) \d+")


def marked(text: str, action: str, number: int) -> str:
    """Return a text after an edit of one kind."""
    return f"{text.strip()} mark {action} {number}."


@dataclass(frozen=True)
class EditProcess:
    """One process, as a landscape.

    Attributes:
        seed: Which kind of edit has which part.
        scrambled: Whether what an edit brings follows from nothing.
    """

    seed: int
    scrambled: bool = False
    name: str = "edits"
    informative: bool = True

    @cached_property
    def gains(self) -> Mapping[str, tuple[float, float]]:
        """Kind of edit to what it brings below the limit, and above."""
        drawn, luck = list(range(len(ACTIONS))), Random(f"gains {self.seed}")
        luck.shuffle(drawn)
        return {
            action: tuple(  # type: ignore[misc]
                GAIN if part % 3 == band else -GAIN * luck.choice((1, 2))
                for band in range(2)
            )
            for action, part in zip(ACTIONS, drawn, strict=True)
        }

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The template."""
        return {"prompt.j2": template(LEAD)}

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """All cases, each with its side of the split."""
        sides = (("train", TRAIN), ("holdout", HOLDOUT))
        return tuple(
            Case(
                id=f"{side}-{at}",
                inputs={"request": f"{side} request number {at}"},
                expected=f"reply {side} {at}",
                split=side,
            )
            for side, count in sides
            for at in range(count)
        )

    def course(self, text: str) -> list[float]:
        """Return what a text was worth, from the start to its last edit."""
        worths = [START]
        for found in _MARK.finditer(text):
            now = worths[-1]
            if self.scrambled:
                drawn = Random(f"{self.seed}|{text[: found.end()]}")
                change = drawn.choice(SCRAMBLED)
            else:
                change = self.gains[found[1]][now >= LIMIT - 1e-9]
            worths.append(min(MOST, max(LEAST, now + change)))
        return worths

    def regret(self, text: str) -> float:
        """Return how much less the last edit brought than the best one would have."""
        *_, before, after = self.course(text)
        return min(MOST, before + GAIN) - after

    def chances(self, candidate: Candidate) -> Sequence[float]:
        """Return 1 or 0 for each of the cases."""
        (text,) = (text for text in candidate.texts.values() if LEAD in text)
        worth = self.course(text)[-1]
        return [
            float(at + 0.5 < worth * count)
            for count in (TRAIN, HOLDOUT)
            for at in range(count)
        ]

    def blame(self, candidate: Candidate, number: int, luck: float) -> str:
        """Say nothing about why a reply is wrong."""
        del candidate, number, luck
        return "it is not what is expected"
