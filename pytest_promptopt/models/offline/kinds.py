"""What kind of value a key wants, read from its name and description."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.models.offline.text import name_stems, words

if TYPE_CHECKING:
    from pytest_promptopt.models.offline.keys import Key

ValueKind = Literal[
    "object", "list", "choice", "boolean", "integer", "decimal", "e-mail", "link",
    "phone", "date", "time", "code", "name", "text",
]  # fmt: skip


_PATTERNISH = re.compile(
    r"(?i)\b(?:null|true|false|yes|no|none|e\.g|like|such as|format)\b"
)


_KINDS: tuple[tuple[ValueKind, str], ...] = (
    ("boolean", r"boolean|bool|true|whether|yes or no"),
    ("e-mail", r"e-?mails?|mail address"),
    ("link", r"urls?|links?|website|homepage"),
    ("phone", r"phone|telephone|mobile"),
    ("date", r"dates?|iso 8601|yyyy-mm-dd|deadline|due|day|weekday|birthday"),
    ("time", r"time|hour|o'clock|hh:mm"),
    (
        "decimal",
        r"decimal|float|amount|price|total|cost|sum|money|fee|currency|percent\w*|budget",
    ),
    (
        "integer",
        r"integer|int|whole number|count|how many|quantity|pieces|number of|qty|age",
    ),
    (
        "code",
        r"code|id|identifier|sku|reference|ref|serial|order number|digits|letters|"
        r"number",
    ),
    (
        "name",
        r"names?|person|customer|sender|who|signed|signature|signs|contact|author|"
        r"client|buyer",
    ),
)


_KIND_PATTERNS = tuple(
    (kind, re.compile(rf"(?i)(?<![A-Za-z])(?:{words_})(?![A-Za-z])"))
    for kind, words_ in _KINDS
)


def value_kind(key: Key, *, described: bool) -> ValueKind:
    """Say what kind of value a key wants, by its description, else by its name.

    Args:
        key: The key.
        described: Whether the description is read; if not, the name alone decides.
    """
    if key.children:
        return "object"
    if key.allowed and described:
        return "choice"
    return _kind_said(key.name, key.description if described else "")


@lru_cache(maxsize=1024)
def _kind_said(named: str, description: str) -> ValueKind:
    name = " ".join(words(named.replace("_", " ")))
    if description:
        first = re.split(r"[;,(]", description)[0]
        if re.match(
            r"(?i)^\W*(?:a |an |the )?(?:number|numeric)\b(?! of)", first
        ) and not re.search(r"(?i)digits?|letters?|text|string", description):
            return (
                "decimal"
                if _KIND_PATTERNS[6][1].search(f"{name} {description}")
                else "integer"
            )
        for text in (f"{first}", f"{description} {name}"):
            for kind, pattern in _KIND_PATTERNS:
                if pattern.search(text):
                    return kind
        return "text"
    if re.search(r"(?i)\b(?:no|nr|num|nbr)$", name):
        return "code"
    return next(
        (kind for kind, pattern in _KIND_PATTERNS if pattern.search(name)), "text"
    )


def key_cues(key: Key) -> frozenset[str]:
    """Return the stems near which a value of this key may stand."""
    return _cues(key.name, key.description)


@lru_cache(maxsize=1024)
def _cues(name: str, description: str) -> frozenset[str]:
    said = _PATTERNISH.sub(" ", description)
    return frozenset(name_stems(name)) | frozenset(name_stems(said))
