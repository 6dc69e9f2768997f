"""What an optimizer can learn from the examples it is shown, and nothing else."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.models.offline.division import divide_text
from pytest_promptopt.models.offline.evidence import HERE, Example
from pytest_promptopt.models.offline.text import (
    fold,
    is_stop_word,
    name_stems,
    stem,
    words,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

Kind = Literal["label", "letter", "number", "json", "text", ""]

_LETTER = re.compile(r"^\(?[A-J]\)?$")
_NUMBER = re.compile(r"^[-+$\u20ac\u00a3]?\d[\d,]*(?:\.\d+)?%?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One example, ready to be learned from.

    Attributes:
        data: The case's own text, without the prompt around it.
        expected: The right answer.
        got: The reply that was given, if it was shown.
    """

    data: str
    expected: str
    got: str = ""


def parsed_json(text: str) -> Any:
    """Return a JSON object or list; ``None`` for any other text."""
    bare = text.strip()
    if not bare.startswith(("{", "[")):
        return None
    try:
        return json.loads(bare)
    except ValueError:
        return None


def answer_kind(examples: Sequence[Example]) -> Kind:
    """Say what kind of answer is expected; empty if no example shows one."""
    shown = [
        example.expected.strip() for example in examples if example.expected.strip()
    ]
    if not shown:
        return ""

    def all_match(test: Any) -> bool:
        return all(test(answer) for answer in shown)

    if all_match(lambda answer: parsed_json(answer) is not None):
        return "json"
    if all_match(_LETTER.match):
        return "letter"
    if all_match(_NUMBER.match):
        return "number"
    if all_match(lambda a: "\n" not in a and len(a) <= 60 and 0 < len(a.split()) <= 5):
        return "label"
    return "text"


def lessons(examples: Sequence[Example]) -> list[Lesson]:
    """Take the frame that all examples share off their inputs.

    Lines that open or close every input are the prompt's, not the case's. Of a single
    example the frame is guessed, as a reader of one prompt has to.
    """
    inputs = [example.input for example in examples]
    framed = (
        _unframed(inputs) if len(inputs) > 1 else [_guessed(text) for text in inputs]
    )
    return [
        Lesson(data=data, expected=example.expected.strip(), got=example.got)
        for data, example in zip(framed, examples, strict=True)
        if example.expected.strip()
    ]


def _guessed(text: str) -> str:
    left = text.replace(HERE, "").strip("\n")
    body = divide_text(left)[1] if HERE not in text else left
    return body or left


def _unframed(inputs: Sequence[str]) -> list[str]:
    split = [text.split("\n") for text in inputs]
    shortest = min(len(lines) for lines in split)
    front = 0
    while front < shortest and len({lines[front] for lines in split}) == 1:
        front += 1
    back = 0
    while back < shortest - front and len({lines[-1 - back] for lines in split}) == 1:
        back += 1
    if front + back >= shortest and shortest == max(len(lines) for lines in split):
        return [text.replace(HERE, "") for text in inputs]
    left = [lines[front : len(lines) - back] for lines in split]
    cue = _shared_cue([lines[0] for lines in left if lines])
    return [
        "\n".join([lines[0][len(cue) :], *lines[1:]]).replace(HERE, "").strip()
        if lines
        else ""
        for lines in left
    ]


def _shared_cue(firsts: Sequence[str]) -> str:
    """Return a cue such as ``Ticket: `` that all first lines start with."""
    match = re.match(r"[A-Za-z][\w ]{0,30}:\s+", firsts[0]) if firsts else None
    cue = match.group(0) if match else ""
    return cue if all(line.startswith(cue) for line in firsts) else ""


def telling_words(
    lesson: Lesson,
    name: str,
    notes: Mapping[str, Sequence[str]],
    rng: random.Random,
    *,
    count: int,
) -> list[str]:
    """Pick words of an example that speak for its answer and for no other.

    Args:
        lesson: The example.
        name: Its expected answer, as the text spells it.
        notes: What a text already says about every name.
        rng: Decides among equally good words.
        count: Most words wanted.

    Returns:
        Single words, in random order, so that no run of the case's text arises.
    """
    covered = {
        entry for note in notes.get(name, ()) for entry in map(stem, words(note))
    }
    own_name = set(name_stems(name))
    elsewhere = Counter(
        entry
        for other, own in notes.items()
        if other != name
        for entry in {stem(w) for note in own for w in words(note)}
        | set(name_stems(other))
    )
    chances: dict[str, float] = {}
    for place, word in enumerate(words(lesson.data)):
        root = stem(word)
        if not _is_telling(word, place) or root in covered or elsewhere[root] > 1:
            continue
        chances.setdefault(
            word.lower(),
            rng.random()
            + min(len(word), 9) / 9
            + 1.5 * (root in own_name)
            - 0.6 * elsewhere[root],
        )
    best = sorted(chances, key=lambda word: (-chances[word], word))[:count]
    return sorted(best, key=lambda word: (rng.random(), word))


def _is_telling(word: str, place: int) -> bool:
    """Whether a word may speak for a subject: no name, no number, no filler."""
    looks_like_name = word[0].isupper() and place > 0 and not word.isupper()
    return (
        len(word) > 2
        and word.isalpha()
        and not is_stop_word(word)
        and not looks_like_name
    )


def same_name(one: str, two: str) -> bool:
    """Whether two spellings stand for one answer."""
    return fold(one) == fold(two)
