"""The keys of a demanded JSON object, and what the prompt says about each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pytest_promptopt.models.offline.listings import (
    Listing,
    listings,
    read_item,
    split_list,
)
from pytest_promptopt.models.offline.text import fold, sentences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Absent = Literal["null", "empty", "omit", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the demanded object.

    Attributes:
        name: As it is to be written.
        description: What the prompt says about it; may be empty.
        children: Keys of the object, or of each object in the list, that is its value.
        allowed: The values it may have, if the prompt lists them: name to description.
        many: Whether its value is a list.
    """

    name: str
    description: str = ""
    children: tuple[Key, ...] = ()
    allowed: Mapping[str, str] = field(default_factory=dict)
    many: bool = False


_KEY_HEAD = re.compile(
    r"(?i)\b(?:keys?|fields?|json|object|properties|attributes|extract|columns|schema|"
    r"entries|following|these|pull out)\b"
)
_NOT_KEYS = re.compile(
    r"(?i)\b(?:rules?|notes?|hints?|guidelines?|steps?|examples?|tips?)\b"
)
_CUED_KEYS = re.compile(
    r"(?i)\b(?:keys?|fields?|properties|attributes|json object|json|object)\b"
    r"(?: (?:with|of|containing|that has|having|named|called|for|the|following|exactly|"
    r"these|this|only|in|from|and|an?|single|keys?|fields?|are|is)\b)*\s*(?::|\(|=|\bare\b|"
    r"\bwith\b)?\s*"
    r"(?P<list>[\"'`\w][^\n.;{}()]*)"
)
_EXTRACTED = re.compile(
    r"(?i)\b(?:extract|pull out|find|get|return|give|list|read off|pick out|collect|"
    r"output|report)(?: me)?(?: the| its| all)?:? "
    r"(?P<list>[^\n.;:{}]+?)(?= (?:as|in|into|"
    r"from|and (?:return|reply|output|answer|give))\b)"
)
_NO_KEY = re.compile(
    r"(?i)\b(?:nothing|only|keys?|fields?|json|else|no|not|other|exactly|these|"
    r"following|"
    r"object|values?|prose|if|when|null)\b"
)
# Objects within objects beyond this are read as text.
_DEEPEST = 4
_IDENTIFIER = re.compile(r"^[A-Za-z_][\w.-]*$")
_BRACED = re.compile(r"\{\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)+)\s*\}")
_ALLOWED = re.compile(
    r"(?i)\b(?:one of|any of|either|values?(?: are)?|choose from|options?(?: are)?)\b"
    r"[^:\n\"'`]{0,24}?[: ]\s*(?P<list>[\"'`]?[\w-][^.;\n]*?(?:,|/|\||\bor\b)[^.;\n]*)"
)
_ALTERNATIVES = re.compile(r"(?:^|;)\W*([\w-]+(?:, [\w-]+)*,? or [\w-]+)\W*(?:$|;)")
_QUOTED_WORDS = re.compile(
    r"[\"`\u201c]([^\"`\u201d\n]{1,40})[\"`\u201d]|'([^'\n]{1,40})'"
)
_SLASHES = re.compile(
    r"(?<![\w/:.-])([A-Za-z][\w-]*(?:\s*[/|]\s*[A-Za-z][\w-]*)+)(?![\w/-])"
)
_MANY = re.compile(r"(?i)\b(?:lists?|arrays?)\b")
_OBJECT = re.compile(r"(?i)\b(?:objects?|dictionary|dict|map|mapping)\b")


def _skeleton(text: str) -> list[tuple[str, str]]:
    """Read the outermost ``{"key": ...}`` of a text, however sloppy its values."""
    start = re.search(r"\{\s*[\"']\w[\w .-]*[\"']\s*:", text)
    return _pairs(text, start.start() + 1) if start else []


def _pairs(text: str, index: int) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    key_at = re.compile(r"[\s,]*[\"']([\w .-]+)[\"']\s*:\s*")
    while True:
        key = key_at.match(text, index)
        if key is None:
            return pairs
        end = _value_end(text, key.end())
        pairs.append((key.group(1), text[key.end() : end].strip()))
        index = end


def _value_end(text: str, index: int) -> int:
    depth, quoted = 0, False
    for place in range(index, len(text)):
        letter = text[place]
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "{[<(":
            depth += 1
        elif not quoted and letter in "}]>)":
            if depth == 0:
                return place
            depth -= 1
        elif not quoted and letter == "," and depth == 0:
            return place
    return len(text)


def _entries(lists: Sequence[Listing]) -> dict[str, str]:
    """Return what every list entry of a text says, by folded name."""
    found: dict[str, str] = {}
    for listing in lists:
        for item in listing.named:
            if item.description:
                joined = found.get(fold(item.name), "")
                found[fold(item.name)] = f"{joined}; {item.description}".lstrip("; ")
    return found


def _is_key(name: str) -> bool:
    return bool(_IDENTIFIER.match(name)) or (len(name.split()) <= 3 and len(name) <= 32)


def _listed_keys(lists: Sequence[Listing]) -> tuple[list[str], bool]:
    """Return the names of the likeliest list of keys, and whether it is announced."""
    best: tuple[float, list[str]] = (0.0, [])
    for listing in lists:
        names = [item.name for item in listing.named if _is_key(item.name)]
        if not names or len(names) < 0.7 * len(listing.items):
            continue
        identifiers = sum(bool(_IDENTIFIER.match(name)) for name in names) / len(names)
        weight = identifiers + len(names) / 100
        weight += 1.0 * bool(_KEY_HEAD.search(listing.head))
        weight -= 2.0 * bool(_NOT_KEYS.search(listing.head))
        if weight > max(best[0], 0.6):
            best = (weight, names)
    return best[1], best[0] >= 1.5 and len(best[1]) > 1


def _inline_keys(text: str) -> list[str]:
    braced = _BRACED.search(text)
    if braced:
        return [part.strip() for part in braced.group(1).split(",")]
    joined = re.sub(r",[ \t]*\n[ \t]*", ", ", text)
    for pattern in (_CUED_KEYS, _EXTRACTED):
        for match in pattern.finditer(joined):
            raw = re.split(
                r"(?i)\s(?:and nothing|only|from the|as json|without)\b", match["list"]
            )[0]
            names = [
                re.sub(r"(?i)^(?:the|its|a|an|with|their)\s+", "", n)
                for n in split_list(raw)
            ]
            if len(names) >= 2 and all(
                _is_key(n) and not _NO_KEY.search(n) for n in names
            ):
                return [
                    name if _IDENTIFIER.match(name) else "_".join(name.lower().split())
                    for name in names
                ]
    return []


def _said_elsewhere(text: str, name: str, names: Sequence[str]) -> str:
    """Collect sentences that talk about one key and no other."""
    folded = f" {fold(name)} "
    others = [f" {fold(other)} " for other in names if other != name]
    said = []
    for sentence in sentences(text):
        bare = f" {fold(sentence)} "
        if (
            folded in bare
            and not any(other in bare for other in others)
            and (
                read_item(re.sub(r"^\s*[-*\u2022]\s+", "", sentence)) is None
                and '{"' not in sentence
            )
        ):
            said.append(sentence)
    return "; ".join(said)


def _allowed(description: str, entries: Mapping[str, str]) -> dict[str, str]:
    """Return the values that a description lists, with what is said about each."""
    if re.search(r"(?i)\btrue\b|\bboolean\b", description):
        return {}
    match = _ALLOWED.search(description)
    names: list[str] = []
    notes: dict[str, str] = {}
    if match:
        # Commas in brackets part what is said about a value.
        joints = r"(?:[,|/]\s*|\s+or\s+|\s+and\s+)(?![^()]*\))"
        for part in re.split(joints, match["list"]):
            item = re.match(
                r"^\W*([\w-]+(?: [\w-]+){0,2}?)\W*?(?:\s*\(([^)]*)\)?)?\W*$",
                part.strip(),
            )
            if item:
                names.append(item.group(1))
                notes[item.group(1)] = item.group(2) or ""
    if len(names) < 2:
        quoted = [m.group(1) or m.group(2) for m in _QUOTED_WORDS.finditer(description)]
        names = [name for name in quoted if re.fullmatch(r"[A-Za-z][\w -]*", name)]
    if len(names) < 2:
        bare = _SLASHES.search(description) or _ALTERNATIVES.search(description)
        names = re.split(r"\s*[/|]\s*|,? or |, ", bare.group(1)) if bare else []
    names = [
        name for name in names if fold(name) not in ("null", "true", "false", "none")
    ]
    if len(names) < 2 or any(len(name.split()) > 3 for name in names):
        return {}
    return {
        name: "; ".join(
            filter(None, (notes.get(name, ""), entries.get(fold(name), "")))
        )
        for name in names
    }


def _build(
    name: str, raw: str, entries: Mapping[str, str], extra: str, depth: int = 0
) -> Key:
    """Put together one key from its skeleton value and all that is said about it."""
    said = "; ".join(part for part in (entries.get(fold(name), ""), extra) if part)
    nested = _skeleton(raw) if depth < _DEEPEST else []
    many = raw.startswith("[") or bool(_MANY.search(said))
    own = "" if nested else re.sub(r"^[\"'<\[]+|[\"'>\]]+$", "", raw).strip()
    if re.fullmatch(r"[{\[\s.\u2026\]}]*", own):
        own = ""
    description = "; ".join(part for part in (own, said) if part)
    children = tuple(
        _build(key, value, entries, "", depth + 1) for key, value in nested
    )
    if not children and _OBJECT.search(description):
        listed = re.search(
            r"(?i)\b(?:with|of|keys?|fields?|from|containing|"
            r"any of)\b:? ([^.;\n]+,[^.;\n]+)",
            description,
        )
        names = (
            split_list(
                re.sub(
                    r"(?i)^(?:the |any of |keys? |fields? |these )*",
                    "",
                    listed.group(1),
                )
            )
            if listed
            else []
        )
        if len(names) >= 2 and all(_is_key(entry) for entry in names):
            children = tuple(_build(entry, "", entries, "") for entry in names)
    return Key(
        name=name,
        description=description,
        children=children,
        allowed={} if children else _allowed(description, entries),
        many=many,
    )


def _dotted(keys: Sequence[Key]) -> list[Key]:
    """Hang ``parent.child`` names below their parents."""
    order: dict[str, Key] = {}
    for key in keys:
        parent, _, child = key.name.partition(".")
        if not child:
            order.setdefault(parent, key)
            continue
        above = order.get(parent, Key(name=parent))
        below = Key(
            name=child, description=key.description, allowed=key.allowed, many=key.many
        )
        order[parent] = Key(
            name=parent, description=above.description,
            children=(*above.children, below), many=above.many,
        )  # fmt: skip
    return list(order.values())


def find_keys(text: str) -> tuple[Key, ...]:
    """Find the keys that an instruction text demands in a JSON reply.

    Returns:
        In the order of the text; empty if it names none.
    """
    lists = listings(text)
    skeleton = _skeleton(text)
    listed, announced = _listed_keys(lists)
    names = [name for name, _ in skeleton]
    if not names:
        inline = _inline_keys(text)
        shared = {fold(name) for name in listed} & {fold(name) for name in inline}
        names = listed if announced or (listed and (shared or not inline)) else inline
    values = dict(skeleton)
    entries = _entries(lists)
    unique = list(dict.fromkeys(names))
    for name in unique:
        own = re.search(rf"(?m)^\W*{re.escape(name)}\W*?:\s+(\S.*)$", text)
        if own and fold(name) not in entries:
            entries[fold(name)] = own.group(1)
    return tuple(
        _dotted(
            [
                _build(
                    name,
                    values.get(name, ""),
                    entries,
                    _said_elsewhere(text, name, unique),
                )
                for name in unique
            ]
        )
    )


def absent_value(text: str) -> Absent:
    """Read what is to be given for something that the input does not say."""
    if re.search(r"(?i)\b(?:null|none)\b", text):
        return "null"
    gone = (
        r"(?:missing|absent|unknown|no such|"
        r"not (?:given|mentioned|there|present|stated|known))"
    )
    if re.search(
        rf"(?i)\b(?:omit|leave out|skip)\b[^.\n]{{0,60}}\b{gone}|"
        rf"\b{gone}\b[^.\n]{{0,40}}\b(?:omit|leave (?:it )?out|skip)",
        text,
    ):
        return "omit"
    if re.search(
        rf"(?i)\bempty\b[^.\n]{{0,40}}\b{gone}|\b{gone}\b[^.\n]{{0,40}}\bempty\b", text
    ):
        return "empty"
    return ""
