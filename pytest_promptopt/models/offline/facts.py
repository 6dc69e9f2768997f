"""What pairs of input and expected JSON show about each key.

A fact is a note of a key's description, such as ``a number`` or ``null if absent``.
Facts that list something, such as ``one of: a, b``, grow when they meet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_promptopt.models.offline import values
from pytest_promptopt.models.offline.lessons import Lesson, parsed_json, telling_words
from pytest_promptopt.models.offline.text import is_stop_word, name_stems, stem, words

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

_ONE_OF = "one of: "
_ANY_OF = "a list, any of: "
_OBJECT_OF = "an object with any of: "
_TRUE_IF = "true if the text mentions "
_ELSE_FALSE = ", else false"
_NEAR = "stands near "
# Dates are often rewritten; every other number, name or address is copied.
_CHECKABLE = re.compile(r"^(?!\d{4}-\d{2}-\d{2}).*\d|^[A-Z][a-z]|@")
_GROWING = (_ONE_OF, _ANY_OF, _OBJECT_OF)


def fits(lesson: Lesson) -> bool:
    """Whether an expected object can have come from its input at all.

    Of the values that an input has to contain (numbers, codes, names) more than half
    must stand in it; answers that were mixed up teach nothing.
    """
    value = parsed_json(lesson.expected)
    if not isinstance(value, dict):
        return False
    spelled = {number: word for word, number in values.NUMBER_WORDS.items()}
    checked = [
        _stands_in(str(entry), lesson.data)
        or (isinstance(entry, int) and _stands_in(spelled.get(entry, ""), lesson.data))
        for entry in value.values()
        if (isinstance(entry, (int, float)) and not isinstance(entry, bool))
        or (isinstance(entry, str) and _CHECKABLE.search(entry))
    ]
    return not checked or 2 * sum(checked) > len(checked)


def _stands_in(value: str, data: str) -> bool:
    return bool(value) and bool(
        re.search(rf"(?i)(?<![^\W_]){re.escape(value)}(?![^\W_])", data)
    )


def expected_keys(shown: Iterable[Lesson]) -> list[str]:
    """Return the keys of the expected objects, in their order."""
    keys: dict[str, None] = {}
    for lesson in shown:
        value = parsed_json(lesson.expected)
        if isinstance(value, dict):
            keys.update(dict.fromkeys(str(key) for key in value))
    return list(keys)


def key_facts(name: str, shown: Sequence[Lesson], rng: random.Random) -> list[str]:
    """Infer what may be said about one key.

    Args:
        name: The key.
        shown: The examples; those without the key say nothing about it.
        rng: Decides which words of the inputs are taken.

    Returns:
        Facts, the surest first; empty if no example shows the key.
    """
    pairs = [
        (lesson, value[name])
        for lesson in shown
        if isinstance(value := parsed_json(lesson.expected), dict) and name in value
    ]
    facts: dict[str, None] = {}
    for lesson, value in pairs:
        facts.update(dict.fromkeys(_facts_of(value, lesson.data)))
    present = [
        (lesson, value) for lesson, value in pairs if value not in (None, "", [])
    ]
    facts.update(dict.fromkeys(_truth_facts(pairs, rng)))
    facts.update(dict.fromkeys(_choice_facts(present, rng)))
    facts.update(dict.fromkeys(_neighbours(name, present)))
    return list(facts)


def _facts_of(value: Any, data: str) -> list[str]:
    if value is None:
        return ["null if absent"]
    if value == "":
        return ["empty if absent"]
    if isinstance(value, bool):
        return []
    if isinstance(value, int):
        return ["a whole number"]
    if isinstance(value, float):
        return ["a decimal number"]
    if isinstance(value, list):
        plain = [entry for entry in value if isinstance(entry, str)]
        return (
            [_ANY_OF + ", ".join(plain)]
            if plain and len(plain) == len(value)
            else ["a list"]
        )
    if isinstance(value, dict):
        return [_OBJECT_OF + ", ".join(map(str, value))] if value else ["an object"]
    return _text_facts(str(value), data)


def _text_facts(value: str, data: str) -> list[str]:
    """Say what shape a text value has and where it stands."""
    if values.E_MAIL.fullmatch(value):
        return ["an e-mail address"]
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return ["a date as YYYY-MM-DD"]
    if value not in data:
        return []
    if (
        re.fullmatch(r"(?=.*\d)#?[A-Za-z]{0,6}[-_/]?\d[\w/-]*", value)
        and len(value) > 2
    ):
        return [f"a code like {_shape(value)}", "as text"]
    if value.isdigit():
        return ["a whole number", "as text"]
    if values.CAPITALISED.fullmatch(value) and len(value.split()) <= 3:
        last = data.rstrip().split("\n")[-1]
        return ["the name of the person who signs"] if value in last else ["a name"]
    return ["copied verbatim from the text"] if " " in value else []


def _shape(code: str) -> str:
    """Return a made-up code of the same shape: letters become A, digits 9."""
    return re.sub(r"\d", "9", re.sub(r"[A-Za-z]", "A", code))


def _truth_facts(pairs: Sequence[tuple[Lesson, Any]], rng: random.Random) -> list[str]:
    truths = [(lesson, value) for lesson, value in pairs if isinstance(value, bool)]
    if not truths:
        return []
    against = {
        stem(word)
        for lesson, value in truths
        if not value
        for word in words(lesson.data)
    }
    found: list[str] = []
    for lesson, value in truths:
        if value and len(found) < 4:
            picked = telling_words(lesson, "", {}, rng, count=4)
            found += [word for word in picked if stem(word) not in against]
    return [_TRUE_IF + " or ".join(found) + _ELSE_FALSE] if found else ["true or false"]


def _choice_facts(
    present: Sequence[tuple[Lesson, Any]], rng: random.Random
) -> list[str]:
    """List short values that are no copy of the input: a choice from a fixed few."""
    texts = [(lesson, value) for lesson, value in present if isinstance(value, str)]
    is_choice = bool(texts) and all(
        re.fullmatch(r"[A-Za-z][\w-]*(?: [\w-]+)?", value) and not value[0].isupper()
        for _, value in texts
    )
    if not is_choice or (
        all(value in lesson.data for lesson, value in texts) and len(texts) < 2
    ):
        return []
    listed: dict[str, str] = {}
    for lesson, value in texts:
        others = {other: words(entry.data) for entry, other in texts if other != value}
        found = telling_words(lesson, value, others, rng, count=2)
        listed[value] = listed.get(value) or " ".join(found)
    named = [f"{value} ({said})" if said else value for value, said in listed.items()]
    return [_ONE_OF + ", ".join(named)]


def _neighbours(name: str, present: Sequence[tuple[Lesson, Any]]) -> list[str]:
    """Name the telling word right before or behind a copied value."""
    near: dict[str, None] = {}
    for lesson, value in present:
        if isinstance(value, (bool, list, dict)):
            continue
        match = re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", lesson.data)
        if match is None:
            continue
        for side in (
            words(lesson.data[: match.start()])[-2:],
            words(lesson.data[match.end() :])[:1],
        ):
            for word in side:
                telling = word.islower() and len(word) > 2 and not is_stop_word(word)
                if telling and stem(word) not in name_stems(name):
                    near.setdefault(word)
    return [_NEAR + " or ".join(list(near)[:3])] if near else []


def merged(notes: Sequence[str], fact: str) -> list[str]:
    """Add a fact to notes: lists grow, a repeated fact changes nothing."""
    own = list(notes)
    for opening in _GROWING:
        if fact.startswith(opening):
            return _grown(own, fact, opening, ", ", "")
    if fact.startswith(_TRUE_IF):
        own = [note for note in own if note != "true or false"]
        return _grown(own, fact, _TRUE_IF, " or ", _ELSE_FALSE)
    if fact.startswith(_NEAR):
        return _grown(own, fact, _NEAR, " or ", "")
    if fact in own or (
        fact == "true or false" and any(n.startswith(_TRUE_IF) for n in own)
    ):
        return own
    return [*own, fact]


def _grown(
    own: list[str], fact: str, opening: str, joint: str, closing: str
) -> list[str]:
    for index, note in enumerate(own):
        if note.startswith(opening):
            left = _parts(note, opening, joint, closing)
            left.update(
                (key, left.get(key) or said)
                for key, said in _parts(fact, opening, joint, closing).items()
            )
            listed = [f"{key} ({said})" if said else key for key, said in left.items()]
            own[index] = opening + joint.join(listed) + closing
            return own
    return [*own, fact]


def _parts(note: str, opening: str, joint: str, closing: str) -> dict[str, str]:
    body = note.removeprefix(opening)
    body = body.removesuffix(closing) if closing else body
    found: dict[str, str] = {}
    for part in body.split(joint):
        match = re.match(r"^(.*?)(?: \(([^)]*)\))?$", part.strip())
        if match and match.group(1):
            found[match.group(1)] = match.group(2) or ""
    return found
