"""The memory of a retrospective model: lessons, and what each of them was worth."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.strategies.word_worth import WordWorth

if TYPE_CHECKING:
    from collections.abc import Sequence

REMEMBERED = 200
"""Lessons of a region that count; older ones are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What was drawn from a failure, with what it brought.

    Attributes:
        text: The rule that stands in the prompt.
        rating: Mean paired difference of the score on cases other than the one it was
            drawn from, in [-1, 1].
    """

    text: str
    rating: float


class Memory:
    """The rated lessons of one search, by region."""

    def __init__(self) -> None:
        self._ratings: dict[str, dict[str, list[float]]] = {}

    def rate(self, address: str, text: str, rating: float) -> None:
        """Take note of what a lesson brought; of several times the mean counts.

        Args:
            address: Of the region that the lesson is for.
            text: The lesson.
            rating: In [-1, 1].
        """
        self._ratings.setdefault(address, {}).setdefault(text, []).append(rating)

    def rated(self, address: str) -> tuple[Lesson, ...]:
        """Return the latest lessons of a region with their ratings, oldest first."""
        lessons = [
            Lesson(text=text, rating=statistics.fmean(ratings))
            for text, ratings in self._ratings.get(address, {}).items()
        ]
        return tuple(lessons[-REMEMBERED:])

    def estimated(self, address: str) -> tuple[Lesson, ...]:
        """Return the same lessons, best first, as other lessons bear their ratings out.

        The best of many ratings owes much to luck; see
        :mod:`pytest_promptopt.optimize.strategies.word_worth`.
        """
        lessons = self.rated(address)
        texts = [lesson.text for lesson in lessons]
        found = [
            Lesson(text=text, rating=rating)
            for text, rating in zip(texts, self.promises(address, texts), strict=True)
        ]
        return tuple(sorted(found, key=lambda it: (-it.rating, len(it.text), it.text)))

    def demonstrations(self, address: str, most: int) -> tuple[Lesson, ...]:
        """Return the lessons that a request shows, the least useful first.

        They are the best, and in place of the last of them the worst one if it did
        harm: what to avoid has to be seen, too.

        Args:
            address: Of the region.
            most: How many, at least 0.
        """
        order = self.estimated(address)
        shown, rest = list(order[:most]), order[most:]
        if rest and most > 1 and rest[-1].rating < 0:
            shown[-1] = rest[-1]
        return tuple(reversed(shown))

    def promises(self, address: str, texts: Sequence[str]) -> tuple[float, ...]:
        """Predict the ratings of lessons from those of lessons with the same words.

        Args:
            address: Of the region.
            texts: The lessons.

        Returns:
            One prediction for each, in [-1, 1].
        """
        rated = self.rated(address)
        worth = WordWorth(
            [lesson.text for lesson in rated], [lesson.rating for lesson in rated]
        )
        return tuple(worth.of(text) for text in texts)
