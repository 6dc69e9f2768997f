"""What an input offers as the value of a key, likeliest first."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline import values
from pytest_promptopt.models.offline.kinds import ValueKind, key_cues
from pytest_promptopt.models.offline.text import name_stems, sentences, stem, stems
from pytest_promptopt.models.offline.values import Found, matches, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.models.offline.keys import Key

_PATTERNS: Mapping[ValueKind, re.Pattern[str]] = {
    "e-mail": values.E_MAIL,
    "link": values.LINK,
    "phone": values.PHONE,
    "date": values.DATE,
    "time": values.TIME,
    "decimal": values.AMOUNT,
    "code": values.CODE,
    "integer": values.INTEGER,
}


TRUTH_FILLER = frozenset(
    stem(word)
    for word in [
        "true",
        "false",
        "boolean",
        "bool",
        "whether",
        "yes",
        "no",
        "null",
        "customer",
        "mail",
        "message",
        "text",
        "says",
        "mentions",
        "mentioned",
        "asks",
        "wants",
        "sender",
        "author",
        "writer",
        "input",
        "states",
        "given",
        "set",
        "value",
    ]
)


def found_values(
    key: Key, kind: ValueKind, text: str, *, described: bool
) -> list[Found]:
    """Return possible values, likeliest first."""
    label = _labelled(key, text)
    if kind == "name":
        found = _names(key, text, described=described)
    elif kind == "text":
        found = _free_text(key, text, described=described)
    else:
        found = _by_pattern(key, kind, text, described=described)
    if label is not None:
        inside = [entry for entry in found if label.start <= entry.start < label.end]
        if inside or kind in ("text", "name"):
            return [
                *(inside or [label]),
                *(entry for entry in found if entry not in inside),
            ]
    return found


def _labelled(key: Key, text: str) -> Found | None:
    """Find a line such as ``Order no.: 4711`` whose label is the key's name."""
    wanted = set(name_stems(key.name))
    for match in re.finditer(
        r"(?m)^[ \t>*-]*([A-Za-z][\w .#/'-]{0,30}?)[ \t]*[:=][ \t]*(\S.*)$", text
    ):
        label = set(name_stems(match.group(1)))
        if label and (wanted <= label or label <= wanted):
            return Found(match.group(2).strip(), match.start(2), match.end(2))
    return None


@lru_cache(maxsize=4096)
def _masked(text: str, kind: ValueKind) -> str:
    """Blank out what looks like another kind of value, places kept."""
    blocking = {
        "integer": (
            values.E_MAIL,
            values.LINK,
            values.DATE,
            values.TIME,
            values.AMOUNT,
            values.CODE,
            values.PHONE,
        ),
        "code": (values.E_MAIL, values.LINK, values.DATE, values.AMOUNT),
        "decimal": (values.E_MAIL, values.DATE),
        "phone": (values.E_MAIL, values.LINK),
    }.get(kind, ())
    for pattern in blocking:
        text = pattern.sub(lambda match: " " * len(match.group()), text)
    return text


def _by_pattern(
    key: Key, kind: ValueKind, text: str, *, described: bool
) -> list[Found]:
    masked = _masked(text, kind)
    if kind == "code" and described:
        for pattern in values.code_patterns(key.description):
            coded = matches(pattern, text)
            if coded:
                return nearest(coded, text, key_cues(key))
        if values.code_patterns(key.description):
            return []
    found: Sequence[Found] = matches(_PATTERNS[kind], masked)
    if kind == "decimal" and not found:
        plain = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")
        found = matches(plain, _masked(text, "integer"))
    cues = key_cues(key) if described else frozenset(name_stems(key.name))
    if kind == "integer" and not described:
        found = [entry for entry in found if entry.text[:1].isdigit()]
    return nearest(found, text, cues)


def _names(key: Key, text: str, *, described: bool) -> list[Found]:
    found = values.people(text)
    if not described:
        return found
    cues = key_cues(key)
    signs = cues & {
        stem(word)
        for word in ("sign", "signs", "signed", "signature", "end", "close", "bottom")
    }
    rest = [
        entry
        for entry in matches(values.CAPITALISED, text)
        if entry.start
        and text[entry.start - 1 : entry.start] == " "
        and entry not in found
    ]
    near = nearest(rest, text, cues - {stem("name"), stem("customer")})
    return list(reversed(found)) if signs else [*found, *near]


def _free_text(key: Key, text: str, *, described: bool) -> list[Found]:
    """Offer the phrase after the key's own words, then the best fitting sentence."""
    cues = (
        key_cues(key) if described else frozenset(name_stems(key.name))
    ) - TRUTH_FILLER
    quoted = re.finditer(r"[\"\u201c]([^\"\u201d\n]{2,60})[\"\u201d]", text)
    found = [Found(match.group(1), match.start(1), match.end(1)) for match in quoted]
    scored = []
    for part in sentences(text):
        hits = len(cues & set(stems(part)))
        if hits:
            start = text.find(part)
            scored.append((-hits, start, Found(part, start, start + len(part))))
    return found + [entry for _, _, entry in sorted(scored, key=lambda item: item[:2])]
