"""Synthetic landscapes: tasks on which the worth of every prompt is known.

A prompt is what its sentences say about topics (``instruction_language.py``). Whether a
reply to a case is right is drawn with a probability that follows from the prompt and
the case alone, so that the expected accuracy of a prompt, its **worth**, is a sum and
needs no simulation.

The landscapes were made before the strategies that are run on them, and know nothing of
them. On the informative ones (``terrains.py``) scores, failure reasons, expected
answers and earlier prompts say something about what to write next; on the others
(``null_landscapes.py``) nothing does. Everything follows from kind and seed, in every
process.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import Candidate, Case

LEAD = "Answer the request."
TRAIN, HOLDOUT = 40, 60


class Landscape(Protocol):
    """A task whose truth is known."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def informative(self) -> bool:
        """Whether what a search sees says what to write next."""
        ...

    @property
    def files(self) -> Mapping[str, str]:
        """Template file to its text, in the order of the messages."""
        ...

    @property
    def cases(self) -> tuple[Case, ...]:
        """All cases, each with its side of the split."""
        ...

    def chances(self, candidate: Candidate) -> Sequence[float]:
        """Return the probability of a right reply, for each of the cases."""
        ...

    def blame(self, candidate: Candidate, number: int, luck: float) -> str:
        """Say why a reply is wrong.

        Args:
            candidate: The prompt.
            number: Of the case, from 0.
            luck: In [0, 1), decides among several reasons.
        """
        ...


def worth(landscape: Landscape, candidate: Candidate) -> float:
    """Return the expected accuracy of a prompt on the hold-out cases, in [0, 1]."""
    chances = landscape.chances(candidate)
    held = [
        chance
        for case, chance in zip(landscape.cases, chances, strict=True)
        if case.split == "holdout"
    ]
    return math.fsum(held) / len(held)


def template(text: str, variable: str = "{{ request }}\n") -> str:
    """Return a template with one marked region."""
    return (
        f"{{# promptopt: begin instructions -#}}\n{text}\n{{# promptopt: end -#}}\n"
        f"{variable}"
    )
