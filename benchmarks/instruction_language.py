"""The language of the synthetic searches: plain sentences about topics.

Landscapes read prompts in it and write cases and failure reasons in it; the scripted
optimizer reads and writes it as well, as every language model knows English. Nothing
here says which instruction helps.

An instruction is a topic and whether a reply is to have it or not: "Keep the tolls.",
"Never give the tolls.". A sentence with a topic is an instruction, whatever its other
words; it forbids if one of them is a word of refusal. All other sentences say nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

TOPICS = (
    "accents",
    "acronyms",
    "allergens",
    "altitudes",
    "apostrophes",
    "birthdays",
    "brackets",
    "colours",
    "coupons",
    "currency",
    "decimals",
    "discounts",
    "dosages",
    "emojis",
    "footnotes",
    "fractions",
    "greetings",
    "headlines",
    "honorifics",
    "hyperlinks",
    "hyphens",
    "initials",
    "invoices",
    "mileage",
    "nicknames",
    "plurals",
    "postcodes",
    "pronouns",
    "refunds",
    "seasons",
    "signatures",
    "slashes",
    "streets",
    "suburbs",
    "surcharges",
    "surnames",
    "tariffs",
    "taxes",
    "telephones",
    "tolls",
    "vintages",
    "warranties",
    "weekdays",
    "weights",
)
"""What an instruction can be about; none of them is a word of our meta-prompts."""

_ASKING = (
    "Keep the {}.",
    "State the {} exactly.",
    "Always give the {}.",
    "Take care of the {}.",
    "Mention the {} first.",
)
_FORBIDDING = (
    "Leave out the {}.",
    "Omit the {}.",
    "Never give the {}.",
    "Skip all {}.",
    "Do without the {}.",
)
WAFFLE = (
    "Think it over.",
    "Be accurate and helpful.",
    "Work with care.",
    "This matters a lot.",
    "Take the time you need.",
    "You are an expert.",
)
"""Sentences that say nothing about any topic."""

_REFUSING = re.compile(r"\b(?:leave out|omit|never|skip|without|ignore)\b")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_TOPIC = re.compile(rf"\b(?:{'|'.join(TOPICS)})\b")
_COMPLAINTS = {
    "lacks": "the reply lacks the {}",
    "has": "the reply has {} that nobody wants",
    "spoilt": "the reply is spoilt by the {}",
}
_COMPLAINT = re.compile(
    rf"\b(?:(lack)s? the|(ha)(?:s|ve)|(spoil)t by the) ({'|'.join(TOPICS)})\b"
)
_KINDS = {"lack": "lacks", "ha": "has", "spoil": "spoilt"}


@dataclass(frozen=True, slots=True, order=True)
class Instruction:
    """What a prompt says about a topic.

    Attributes:
        topic: One of :data:`TOPICS`.
        wanted: Whether a reply is to have it.
    """

    topic: str
    wanted: bool = True

    @property
    def opposite(self) -> Instruction:
        """The same topic, the other way."""
        return Instruction(self.topic, not self.wanted)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a reply was wrong.

    Attributes:
        kind: ``"lacks"`` the topic, ``"has"`` it, or is ``"spoilt"`` by what the
            prompt says about it.
        topic: One of :data:`TOPICS`.
    """

    kind: str
    topic: str

    def __str__(self) -> str:
        return _COMPLAINTS[self.kind].format(self.topic)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text in order, without blank space around them."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def instructions(sentence: str) -> tuple[Instruction, ...]:
    """Return what one sentence says, topic by topic; nothing if it has no topic."""
    lowered = sentence.casefold()
    found = dict.fromkeys(_TOPIC.findall(lowered))
    wanted = not _REFUSING.search(lowered)
    return tuple(Instruction(topic, wanted) for topic in found)


def topics(text: str) -> tuple[str, ...]:
    """Return the topics that a text mentions, in order, each once."""
    return tuple(dict.fromkeys(_TOPIC.findall(text.casefold())))


def written(instruction: Instruction, random: Random) -> str:
    """Put an instruction into words, in one of several ways."""
    forms = _ASKING if instruction.wanted else _FORBIDDING
    return random.choice(forms).format(instruction.topic)


def complaints(text: str) -> tuple[Complaint, ...]:
    """Return the complaints about replies that a text contains, in order, each once."""
    found = (
        Complaint(_KINDS[lack or has or spoilt], topic)
        for lack, has, spoilt, topic in _COMPLAINT.findall(text.casefold())
    )
    return tuple(dict.fromkeys(found))


def said(traits: Iterable[Instruction]) -> str:
    """Describe a right answer: ``"with tolls, without taxes"``."""
    return ", ".join(f"{'with' if t.wanted else 'without'} {t.topic}" for t in traits)


def traits(answer: str) -> tuple[Instruction, ...]:
    """Read what :func:`said` has written."""
    found = re.findall(rf"\b(with|without) ({'|'.join(TOPICS)})\b", answer.casefold())
    return tuple(Instruction(topic, word == "with") for word, topic in found)
