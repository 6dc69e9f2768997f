"""Which texts are alike: by vectors where a model gives some, else by their words.

A trajectory holds a few dozen short texts, so that TF-IDF over them takes no library
and no time. It sees the same words, where an embeddings model sees the same meaning.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.effects import Embed
from pytest_promptopt.scorers.similarity import units_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    Vector = Sequence[float]


class Relevance:
    """How much texts are alike; asks for each vector once.

    Args:
        embeds: Whether vectors are asked for at all.
    """

    def __init__(self, *, embeds: bool = True) -> None:
        self._embeds = embeds
        self._vectors: dict[str, Vector] = {}

    def to(
        self, text: str, others: Sequence[str]
    ) -> Generator[Embed, tuple[tuple[float, ...], ...] | None, tuple[float, ...]]:
        """Return how much some texts are like one text.

        Args:
            text: The text.
            others: What is compared with it.

        Returns:
            The cosine for each of the others, in [-1, 1] and rounded so that the last
            bits decide nothing; 0 for a text without words.
        """
        texts = list(dict.fromkeys(entry for entry in (text, *others) if entry.strip()))
        new = tuple(entry for entry in texts if entry not in self._vectors)
        if self._embeds and others and new:
            vectors = yield Embed(texts=new)
            if vectors is None:
                self._embeds = False  # nor will there be any the next time
            else:
                self._vectors.update(zip(new, vectors, strict=True))
        if not self._embeds:
            return by_words(text, others)
        return tuple(
            round(cosine(self._vectors.get(text, ()), self._vectors.get(other, ())), 9)
            for other in others
        )


def by_words(text: str, others: Sequence[str]) -> tuple[float, ...]:
    """Return how much some texts are like one text, by TF-IDF; each in [0, 1].

    Rare words count more. All texts given are what rarity is judged by.

    Source:
        Salton and Buckley, "Term-weighting approaches in automatic text retrieval",
        1988; the logarithm smoothed by one, so that no word counts for nothing.
    """
    counted = [Counter(units_of(entry, "words", ignore_case=True)) for entry in others]
    own = Counter(units_of(text, "words", ignore_case=True))
    number = 1 + len(counted)
    holding = Counter(word for words in (own, *counted) for word in words)
    rarity = {
        word: 1 + math.log((1 + number) / (1 + held)) for word, held in holding.items()
    }
    return tuple(round(_alike(own, words, rarity), 9) for words in counted)


def _alike(
    one: Mapping[str, int], other: Mapping[str, int], rarity: Mapping[str, float]
) -> float:
    words = list({**one, **other})
    return cosine(
        [one.get(word, 0) * rarity[word] for word in words],
        [other.get(word, 0) * rarity[word] for word in words],
    )


def cosine(one: Vector, other: Vector) -> float:
    """Return the cosine of two vectors, in [-1, 1]; 0 if they cannot be compared."""
    length = math.hypot(*one) * math.hypot(*other)
    if not length or len(one) != len(other):
        return 0.0
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    return max(-1.0, min(1.0, product / length))
