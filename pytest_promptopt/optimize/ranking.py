"""Which candidate is better: score, then shorter, older, hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_promptopt.records import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A candidate with what decides its rank.

    Attributes:
        candidate: The candidate.
        mean: Train score on the cases and trials that all candidates have, in [0, 1].
        age: When it was first scored, from 0: the smaller, the older.
    """

    candidate: Candidate
    mean: float
    age: int


def best_first(ranked: Iterable[Ranked]) -> tuple[Ranked, ...]:
    """Return the candidates, best first; the order never depends on the input's."""
    return tuple(sorted(ranked, key=_order))


def _order(entry: Ranked) -> tuple[float, int, int, str]:
    length = sum(map(len, entry.candidate.texts.values()))
    # Means of the same trials can differ in the last bit by the order of addition.
    return (-round(entry.mean, 9), length, entry.age, entry.candidate.key)
