"""Rewrites that do harm, in the ways in which those of language models do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.draft import (
    describe,
    described,
    has_template,
    insert,
    list_out,
    without_demand,
)
from pytest_promptopt.models.offline.instructions import read_instructions
from pytest_promptopt.models.offline.lessons import Lesson, telling_words
from pytest_promptopt.models.offline.lines import LIST_ITEM
from pytest_promptopt.models.offline.listings import read_item
from pytest_promptopt.models.offline.text import fold

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

_CLUTTER = (
    "Always read the whole text twice.",
    "Never guess.",
    "Always think of what the writer may have meant.",
    "You must weigh every word.",
    "Never be influenced by the tone.",
    "Always prefer the more general choice.",
    "You must not rely on single words.",
    "Never forget the context.",
)
_CHATTER = (
    "Explain your choice in a full sentence.",
    "Give a reason for what you decide, in a friendly sentence.",
    "Think step by step and show your reasoning.",
)


def _names_in(text: str, names: Sequence[str]) -> list[str]:
    present = [answer.name for answer in read_instructions(text).answers]
    known = {fold(name) for name in names}
    return [name for name in present if not known or fold(name) in known]


def _forget(
    text: str, names: Sequence[str], _: Sequence[Lesson], rng: random.Random
) -> str:
    """Drop about half of the descriptions."""
    for name, notes in described(text, names).items():
        if notes and rng.random() < 0.5:
            text = describe(text, name, ())
    return text


def _swap(
    text: str, names: Sequence[str], _: Sequence[Lesson], rng: random.Random
) -> str:
    """Give each of two or three names the description of the next."""
    table = {name: notes for name, notes in described(text, names).items() if notes}
    order = sorted(table, key=lambda name: (rng.random(), name))[:3]
    for name, other in zip(order, order[1:] + order[:1], strict=True):
        text = describe(text, name, table[other])
    return text


def _misplace(
    text: str, names: Sequence[str], shown: Sequence[Lesson], rng: random.Random
) -> str:
    """Write words of the examples to the wrong names."""
    text = list_out(text, names)
    table = {name: list(notes) for name, notes in described(text, names).items()}
    for lesson in shown:
        wrong = [name for name in names if fold(name) != fold(lesson.expected)]
        if not wrong:
            continue
        name = wrong[int(rng.random() * len(wrong))]
        found = telling_words(lesson, name, {}, rng, count=4)
        table.setdefault(name, []).extend(found)
        text = describe(text, name, table[name])
    return text


def _clutter(
    text: str, _: Sequence[str], __: Sequence[Lesson], rng: random.Random
) -> str:
    """Pile up rules that say nothing."""
    chosen = sorted(_CLUTTER, key=lambda _: rng.random())
    for rule in chosen[: 5 + int(rng.random() * 3)]:
        if rule not in text:
            text = insert(text, rule)
    return text


def _chatter(
    text: str, _: Sequence[str], __: Sequence[Lesson], rng: random.Random
) -> str:
    """Ask for sentences instead of the bare answer."""
    return insert(without_demand(text), _CHATTER[int(rng.random() * len(_CHATTER))])


def _loosen(
    text: str, _: Sequence[str], __: Sequence[Lesson], ___: random.Random
) -> str:
    """Forget what form the answer has."""
    return without_demand(text)


def _lose(
    text: str, names: Sequence[str], _: Sequence[Lesson], rng: random.Random
) -> str:
    """Leave one or two names out of the list."""
    text = list_out(text, _names_in(text, names))
    lines = text.split("\n")
    entries = [
        index
        for index, line in enumerate(lines)
        if LIST_ITEM.match(line)
        and not has_template(line)
        and (item := read_item(LIST_ITEM.sub("", line, count=1))) is not None
        and any(fold(item.name) == fold(name) for name in names)
    ]
    if len(entries) < 3:
        return text
    count = 1 + int(rng.random() * 2)
    lost = {entries[int(rng.random() * len(entries))] for _ in range(count)}
    return "\n".join(line for index, line in enumerate(lines) if index not in lost)


_WAYS: tuple[
    Callable[[str, Sequence[str], Sequence[Lesson], random.Random], str], ...
] = (
    _forget,
    _swap,
    _misplace,
    _misplace,
    _clutter,
    _chatter,
    _loosen,
    _lose,
)


def spoiled(
    text: str, names: Sequence[str], shown: Sequence[Lesson], rng: random.Random
) -> str:
    """Return a text that is probably worse; tries ways until one changes the text."""
    order = sorted(_WAYS, key=lambda _: rng.random())
    present = _names_in(text, names)
    for way in order:
        fresh = way(text, present, shown, rng)
        if fresh != text and fresh.strip():
            return fresh
    return insert(text, _CHATTER[int(rng.random() * len(_CHATTER))])
