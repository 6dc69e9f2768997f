"""Which of the allowed answers fits an input: weighted stem overlap, nothing else."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.text import (
    all_stems,
    draw,
    fold,
    name_stems,
    stems,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.models.offline.answers import Answer

NAME_WEIGHT = 0.7
LINE_WEIGHT = 1.0
EXAMPLE_WEIGHT = 0.6
# What a description says first weighs most.
LEADING_WORDS = 4
LATER_WEIGHT = 0.6
# A bare name is easily passed over: how often a word of it is noticed in the input.
NAME_NOTICED = 0.65
# Longer descriptions overlap more by chance; this much of the excess is taken back.
LENGTH_SHARE = 0.2
_FALLBACK = re.compile(
    r"(?i)\b(?:anything else|everything else|otherwise|none of|all other|any other|"
    r"the rest|no other|something else|not covered|neither)\b|^\W*(?:other|none|"
    r"else)\W*$"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What speaks for each answer, per stem, and each answer's share of luck.

    Attributes:
        weights: For each answer, stem to weight before the line is overlooked.
        bare: For each answer, the stems that its name alone has.
        rarity: Stem to how telling it is, above 0.
        norms: For each answer, what its overlap is divided by.
        fallback: Index of the answer for whatever fits nowhere, or -1.
    """

    weights: tuple[Mapping[str, float], ...]
    bare: tuple[frozenset[str], ...]
    rarity: Mapping[str, float]
    norms: tuple[float, ...]
    fallback: int


def _weights(answer: Answer, shots: Sequence[tuple[str, str]]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for text in (text for text, given in shots if fold(given) == fold(answer.name)):
        for entry in stems(text):
            weights[entry] = max(weights.get(entry, 0.0), EXAMPLE_WEIGHT)
    for line in answer.lines:
        for place, entry in enumerate(stems(line)):
            worth = LINE_WEIGHT if place < LEADING_WORDS else LATER_WEIGHT
            weights[entry] = max(weights.get(entry, 0.0), worth)
    return weights


def profile(answers: Sequence[Answer], shots: Sequence[tuple[str, str]]) -> Profile:
    """Weigh what speaks for each answer; stems that many answers share count less."""
    weights = [_weights(answer, shots) for answer in answers]
    names = [frozenset(name_stems(answer.name)) for answer in answers]
    bare = tuple(name - own.keys() for name, own in zip(names, weights, strict=True))
    for name, own in zip(names, weights, strict=True):
        own.update({entry: max(own.get(entry, 0.0), NAME_WEIGHT) for entry in name})
    spread = Counter(entry for own in weights for entry in own)
    count = len(answers)
    rarity = {
        entry: math.log((count + 1.0) / seen) + 0.05 for entry, seen in spread.items()
    }
    sizes = [sum(own[entry] for entry in sorted(own)) for own in weights]
    mean = max(1.0, sum(sizes) / max(1, count))
    norms = [
        1.0 - LENGTH_SHARE + LENGTH_SHARE * max(size / mean, 0.4) for size in sizes
    ]
    fallback = next(
        (
            index
            for index, answer in enumerate(answers)
            if _FALLBACK.search(answer.name.replace("_", " "))
            or any(_FALLBACK.search(line) for line in answer.lines)
        ),
        -1,
    )
    return Profile(tuple(weights), bare, rarity, tuple(norms), fallback)


_cached_profile = lru_cache(maxsize=1024)(profile)


def rank(
    subject: str,
    answers: tuple[Answer, ...],
    shots: tuple[tuple[str, str], ...],
    *,
    overlooked: Sequence[bool],
    key: str,
) -> list[int]:
    """Order the allowed answers by how well they fit, best first.

    Args:
        subject: What is to be judged.
        answers: The allowed answers, at least one.
        shots: Worked examples: (input, answer).
        overlooked: Per answer, whether its description escapes attention.
        key: Decides ties, answers without any overlap and what of a name is noticed.

    Returns:
        Indices into ``answers``.
    """
    seen = _cached_profile(answers, shots)
    counted = all_stems(subject)
    # A name that stands in the input word for word is always noticed.
    spelled = f" {fold(subject)} "
    scores: list[float] = []
    for index, answer in enumerate(answers):
        weights = seen.weights[index]
        hits = counted.intersection(weights)
        if overlooked[index]:
            hits &= frozenset(name_stems(answer.name))
        passed_over = draw("name", key, answer.name) >= NAME_NOTICED
        if passed_over and f" {fold(answer.name)} " not in spelled:
            hits = hits - seen.bare[index]
        score = sum(weights[entry] * seen.rarity[entry] for entry in sorted(hits))
        scores.append(score / seen.norms[index])
    order = sorted(
        range(len(answers)),
        key=lambda index: (-round(scores[index], 9), draw(key, answers[index].name)),
    )
    if seen.fallback >= 0 and scores[order[0]] <= 0.0:
        order.remove(seen.fallback)
        order.insert(0, seen.fallback)
    return order
