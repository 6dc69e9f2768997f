"""Saying in words what a text lacks, as far as the evidence shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.draft import has_demand
from pytest_promptopt.models.offline.lessons import answer_kind, lessons, telling_words
from pytest_promptopt.models.offline.text import fold, join_list

if TYPE_CHECKING:
    import random

    from pytest_promptopt.models.offline.evidence import Evidence


_MIND = "mind words such as "
_HINT = re.compile(rf"'([^'\n]+)': {_MIND}([^.\n]+)\.")


def hints(evidence: Evidence) -> list[tuple[str, str]]:
    """Find answers and words to mind in an explanation that was given earlier."""
    told = [evidence.prose, *(example.why for example in evidence.examples)]
    return [
        (name, word)
        for text in told
        for name, listed in _HINT.findall(text)
        for word in re.split(r", | and ", listed)
    ]


def explanation(evidence: Evidence, rng: random.Random) -> str:
    """Name the faults that the examples show, one a line; prose, no new text."""
    kind = answer_kind(evidence.examples)
    text = evidence.texts[-1] if evidence.texts else ""
    lines: list[str] = []
    if kind and not has_demand(text):
        lines.append("The text does not say that the bare answer alone is wanted.")
    for lesson in lessons(evidence.examples):
        if kind != "label":
            continue
        if fold(lesson.expected) and fold(lesson.expected) not in fold(text):
            lines.append(f"The text never names the answer '{lesson.expected}'.")
        found = telling_words(lesson, lesson.expected, {}, rng, count=3)
        if found:
            lines.append(f"- '{lesson.expected}': {_MIND}{join_list(found)}.")
    if not lines:
        lines.append(
            "The text is short on detail; the examples do not show what is missing."
        )
    return "\n".join(lines)
