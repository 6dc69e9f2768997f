"""An instruction text, read once: answers, keys, examples, demands and its burdens."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

from pytest_promptopt.models.offline.answers import (
    Answer,
    find_answers,
    without_entries,
)
from pytest_promptopt.models.offline.demands import Demand, find_demand
from pytest_promptopt.models.offline.examples import find_examples
from pytest_promptopt.models.offline.keys import Absent, Key, absent_value, find_keys
from pytest_promptopt.models.offline.text import clipped, fold, stems, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """What an instruction text says, ready to be followed.

    Attributes:
        text: The text itself.
        answers: The allowed answers; empty if a JSON object is demanded.
        keys: The keys of the demanded JSON object.
        absent: What is to be given for values that an input does not have.
        demand: The form demanded.
        examples: Worked examples in the text: (input, answer).
        word_count: Length in words, examples left out.
        conflicts: How many of its statements contradict each other.
        rules: How many sentences say "always", "never" or "must".
    """

    text: str
    answers: tuple[Answer, ...]
    keys: tuple[Key, ...]
    absent: Absent
    demand: Demand
    examples: tuple[tuple[str, str], ...]
    word_count: int
    conflicts: int
    rules: int


_RULE = re.compile(r"(?i)\b(?:always|never|must(?: not)?|under no circumstances)\b")


def _told_twice(answers: tuple[Answer, ...]) -> int:
    """Count answers that two list entries describe in different words."""
    count = 0
    for answer in answers:
        entries = [set(stems(line)) for line in answer.lines[: answer.definitions]]
        count += any(
            len(one & two) * 2 < min(len(one), len(two))
            for one, two in combinations(entries, 2)
        )
    return count


@lru_cache(maxsize=1024)
def read_instructions(text: str) -> Instructions:
    """Read an instruction text; the same text is read once."""
    examples, rest = find_examples(clipped(text))
    answers = find_answers(rest)
    demand = find_demand(without_entries(rest, (answer.name for answer in answers)))
    keys = find_keys(rest) if demand.json or find_demand(rest).json else ()
    if keys:
        demand = find_demand(without_entries(rest, (key.name for key in keys)))
        answers = ()
    if not answers and not keys and len({fold(answer) for _, answer in examples}) > 1:
        shown = Counter(answer for _, answer in examples)
        answers = tuple(Answer(name=name) for name in shown)
    if len(examples) > 1 and not keys and not demand.explain:
        # Examples show the form as well as a sentence would demand it.
        demand = replace(demand, only=True)
    return Instructions(
        text=text,
        answers=answers,
        keys=keys,
        absent=absent_value(without_entries(rest, (key.name for key in keys))),
        demand=demand,
        examples=examples,
        word_count=len(words(rest)),
        conflicts=demand.conflicts + _told_twice(answers),
        rules=len(_RULE.findall(rest)),
    )
