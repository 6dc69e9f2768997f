"""Filling a JSON object from an input: one generic extractor per kind of value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.models.offline import values
from pytest_promptopt.models.offline.answers import Answer
from pytest_promptopt.models.offline.findings import TRUTH_FILLER, found_values
from pytest_promptopt.models.offline.keys import Absent, Key, absent_value
from pytest_promptopt.models.offline.kinds import ValueKind, value_kind
from pytest_promptopt.models.offline.labelling import rank
from pytest_promptopt.models.offline.text import (
    all_stems,
    draw,
    fold,
    name_stems,
    stems,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A key without a description is easily passed over: how often it is filled at all.
BARE_KEY_NOTICED = 0.75
_MISSING = object()
_AS_TEXT = re.compile(
    r"(?i)\b(?:as (?:a )?(?:text|string)|strings?|verbatim|as written|word for word)\b"
)
_FIRST = re.compile(r"(?i)\bfirst name\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a value is taken from, and how the prompt wants absence shown.

    Attributes:
        text: The input.
        absent: The prompt's rule for all keys.
        luck: Decides what of an input escapes attention.
        skip: How many of the best found_values to pass over; 1 on a slip.
    """

    text: str
    absent: Absent
    luck: str
    skip: int = 0


def extract(
    keys: Sequence[Key],
    source: Source,
    *,
    overlooked: Callable[[str], bool],
    damaged: str = "",
) -> dict[str, Any]:
    """Fill the demanded keys from an input.

    Args:
        keys: The keys, in the order wanted.
        source: The input.
        overlooked: Whether a key's description escapes attention.
        damaged: Name of the key that a slip gets wrong; empty for none.
    """
    filled: dict[str, Any] = {}
    for key in keys:
        own = source
        if key.name == damaged:
            own = Source(
                text=source.text, absent=source.absent, luck=source.luck, skip=1
            )
        described = bool(key.description) and not overlooked(key.name)
        value = _value(key, own, described=described, overlooked=overlooked)
        if value is _MISSING:
            value = _absent(key, source.absent, described=described)
        if value is not _MISSING:
            filled[key.name] = value
    return filled


def _absent(key: Key, general: Absent, *, described: bool) -> Any:
    rule = (absent_value(key.description) if described else "") or general
    if rule == "omit":
        return _MISSING
    if rule == "null":
        return None
    return [] if key.many else ""


def _value(
    key: Key, source: Source, *, described: bool, overlooked: Callable[[str], bool]
) -> Any:
    kind = value_kind(key, described=described)
    if kind == "object" and key.many:
        return _objects(key, source, overlooked)
    if kind == "object":
        inner = Source(
            text=source.text, absent=source.absent or "omit", luck=source.luck
        )
        return extract(key.children, inner, overlooked=overlooked)
    if (
        not described
        and not key.many
        and draw("key", source.luck, key.name) >= BARE_KEY_NOTICED
    ):
        return _MISSING
    if kind == "choice":
        return _choice(key, source)
    if kind == "boolean":
        return _truth(key, source, described=described)
    found = found_values(key, kind, source.text, described=described)
    if key.many:
        return [_shaped(entry.text, kind, key, described=described) for entry in found]
    if len(found) <= source.skip:
        return _MISSING
    return _shaped(found[source.skip].text, kind, key, described=described)


def _objects(key: Key, source: Source, overlooked: Callable[[str], bool]) -> list[Any]:
    """Read one object from every line that holds a value of the first telling child."""
    probe = next(
        (
            child
            for child in key.children
            if value_kind(child, described=True) in ("code", "integer", "decimal")
        ),
        None,
    )
    if probe is None:
        return []
    kind = value_kind(probe, described=bool(probe.description))
    rows = [
        part
        for part in re.split(r"\n|;|(?<=\d),? and |, (?=\d+ ?x? )", source.text)
        if found_values(probe, kind, part, described=bool(probe.description))
    ]
    return [
        extract(
            key.children,
            Source(text=row, absent=source.absent, luck=row),
            overlooked=overlooked,
        )
        for row in rows
    ]


def _choice(key: Key, source: Source) -> Any:
    # A value stands in the input word for word, so its name is its description.
    answers = tuple(
        Answer(name=name, lines=(name, said) if said else (name,))
        for name, said in key.allowed.items()
    )
    counted = all_stems(source.text)
    if key.many:
        return [
            answer.name
            for answer in answers
            if counted
            & (
                set(name_stems(answer.name))
                | {s for line in answer.lines for s in stems(line)}
            )
        ]
    order = rank(
        source.text, answers, (), overlooked=[False] * len(answers), key=source.luck
    )
    first = answers[order[0]]
    telling = set(name_stems(first.name)) | {
        s for line in first.lines for s in stems(line)
    }
    if not counted & telling:
        default = re.search(
            r"(?i)\b(?:else|otherwise|default(?:s to)?|if (?:unclear|unsure))\W+(?:is |"
            r"use |to )?[\"'`]?(\w+)",
            key.description,
        )
        if default and any(
            fold(default.group(1)) == fold(answer.name) for answer in answers
        ):
            return default.group(1)
        return _MISSING
    return answers[order[min(source.skip, len(order) - 1)]].name


def _truth(key: Key, source: Source, *, described: bool) -> bool:
    telling = set(name_stems(key.name))
    if described:
        telling |= set(
            stems(
                re.split(
                    r"(?i)\b(?:else|otherwise|false (?:if|when))\b", key.description
                )[0]
            )
        )
    telling -= TRUTH_FILLER
    holds = bool(telling & set(stems(source.text)))
    return holds != bool(source.skip)


def _shaped(text: str, kind: ValueKind, key: Key, *, described: bool) -> Any:
    """Give a found value the type that the description asks for."""
    said = key.description if described else ""
    as_text = not said or bool(_AS_TEXT.search(said))
    if kind == "integer":
        number = values.integer_value(text)
        return text if as_text or number is None else number
    if kind == "decimal":
        amount = values.decimal_value(text)
        return text if as_text or amount is None else amount
    if kind == "date" and re.search(r"(?i)iso|yyyy", said):
        return values.iso_date(text) or text
    if kind == "name" and _FIRST.search(f"{key.name.replace('_', ' ')} {said}"):
        return words(text)[0] if words(text) else text
    if re.search(r"(?i)\blower[ -]?case", said):
        return text.lower()
    if (
        re.search(r"(?i)\b(?:upper[ -]?case|capital letters)\b", said)
        and kind == "code"
    ):
        return text.upper()
    return text
