"""Answering a case: the offline model as the model whose prompt is under test."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.answers import Answer, find_options
from pytest_promptopt.models.offline.division import divide
from pytest_promptopt.models.offline.extraction import Source, extract
from pytest_promptopt.models.offline.instructions import Instructions, read_instructions
from pytest_promptopt.models.offline.labelling import rank
from pytest_promptopt.models.offline.text import draw, pick, words
from pytest_promptopt.models.offline.values import integer_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Message

CANNOT_JUDGE = (
    "offline:rules cannot judge this kind of prompt: it names no allowed answers and "
    "demands no format."
)
# Words of instructions that are followed without loss, and how many more it takes
# until nothing of a description is sure to be seen.
ATTENTION_WORDS = 250
ATTENTION_SPAN = 500
CHATTY = (
    "I think it is {}.",
    "This looks like {} to me.",
    "Sure! I would go with {}.",
    "Based on what is written here, my best guess is {}.",
    "That sounds like {}.",
)


def task_reply(messages: Sequence[Message], *, key: str, slip: bool) -> str:
    """Answer a prompt as the task model.

    Args:
        messages: The chat.
        key: Stands for the messages; decides every pick that the input does not.
        slip: Whether the second-best answer is given.
    """
    parts = divide(messages)
    # Luck belongs to the input, as difficulty does: another prompt does not redraw it.
    luck = parts.subject or key
    told = read_instructions(parts.instructions)
    shots = parts.shots + told.examples
    if told.keys:
        return json_reply(told, parts.subject, key=luck, slip=slip)
    answers = told.answers or find_options(f"{parts.instructions}\n{parts.subject}")
    if answers:
        name = choose(told, answers, parts.subject, shots, key=luck, slip=slip)
        return dressed(name, told, key=luck, cued=parts.completion_cue)
    if told.demand.any and parts.subject.strip():
        return dressed(_made_up(parts.subject, told, luck), told, key=luck, cued=False)
    return CANNOT_JUDGE


def overlooked(
    told: Instructions, answers: Sequence[Answer], *, key: str
) -> list[bool]:
    """Say which descriptions escape attention in a text as long as this."""
    chance = inattention(told)
    if chance <= 0:
        return [False] * len(answers)
    return [draw("overlooked", key, answer.name) < chance for answer in answers]


def inattention(told: Instructions) -> float:
    """Return how likely a description escapes attention, in [0, 0.85]."""
    return min(0.85, max(0.0, (told.word_count - ATTENTION_WORDS) / ATTENTION_SPAN))


def confusion(told: Instructions) -> float:
    """Return how likely contradictions and piled-up rules lead astray, in [0, 0.5]."""
    return min(0.5, 0.08 * told.conflicts + 0.03 * max(0, told.rules - 5))


def choose(
    told: Instructions,
    answers: tuple[Answer, ...],
    subject: str,
    shots: tuple[tuple[str, str], ...],
    *,
    key: str,
    slip: bool,
) -> str:
    """Pick the allowed answer that fits, or the next one on a slip or confusion."""
    missed = overlooked(told, answers, key=key)
    order = rank(subject, answers, shots, overlooked=missed, key=key)
    astray = draw("confused", key) < confusion(told)
    second = (slip or astray) and len(order) > 1
    return answers[order[1 if second else 0]].name


def json_reply(told: Instructions, subject: str, *, key: str, slip: bool) -> str:
    """Fill the demanded keys and wrap the object as the prompt wants it."""
    chance = inattention(told)
    # Contradictions and slips spoil one value, as they spoil one answer.
    astray = draw("confused", key) < confusion(told)
    names = [entry.name for entry in told.keys]
    damaged = pick(names, "damaged", key) if slip or astray else ""
    filled = extract(
        told.keys,
        Source(text=subject, absent=told.absent, luck=key),
        overlooked=lambda name: draw("overlooked", key, name) < chance,
        damaged=damaged,
    )
    text = json.dumps(filled, ensure_ascii=False)
    if told.demand.tag:
        return f"<{told.demand.tag}>{text}</{told.demand.tag}>"
    if told.demand.only and draw("format", key) >= 0.3 * min(2, told.demand.conflicts):
        return text
    luck = draw("wrapped", key)
    if luck < 0.5:
        return f"```json\n{text}\n```"
    return (
        text
        if luck < 0.65
        else f"Here is what I found:\n\n{text}\n\nI hope this helps."
    )


def dressed(name: str, told: Instructions, *, key: str, cued: bool) -> str:
    """Put an answer into the form that the prompt demands."""
    demand = told.demand
    if demand.case:
        name = name.lower() if demand.case == "lower" else name.upper()
    disobeys = draw("format", key) < 0.3 * min(2, demand.conflicts)
    if not disobeys:
        if demand.tag:
            return f"<{demand.tag}>{name}</{demand.tag}>"
        if demand.prefix:
            line = f"{demand.prefix} {name}"
            return (
                line if demand.only and not demand.explain else f"{_lead(key)}\n{line}"
            )
        if demand.only and not demand.explain:
            return name
        soft = demand.soft or cued
        if soft and not demand.explain and draw("soft", key) < 0.8:
            return name
    return pick(CHATTY, "chatty", key).format(name)


def _lead(key: str) -> str:
    return pick(
        ("Let me look at what is being said here.", "I read it twice to be sure."),
        "lead",
        key,
    )


def _made_up(subject: str, told: Instructions, key: str) -> str:
    """Invent an answer where the prompt names none: a sum or a word of the input."""
    if told.demand.number:
        return str(_counted(subject))
    candidates = [word.lower() for word in words(subject) if len(word) > 3]
    return pick(candidates or ["unclear"], "made up", key)


def _counted(subject: str) -> int:
    """Add up what an input counts out: "a pear and two figs" makes three."""
    total = 0
    for word in words(re.split(r"\?| How ", subject, maxsplit=1)[0]):
        if word.lower() in ("a", "an"):
            total += 1
        else:
            total += integer_value(word) or 0
    return total
