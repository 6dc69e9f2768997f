"""The answers that a prompt allows, and what it says about each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.inline_lists import inline_lists
from pytest_promptopt.models.offline.lines import LIST_ITEM, OPTION_LINE
from pytest_promptopt.models.offline.listings import (
    LIST_HEAD,
    OTHER_HEAD,
    SENTENCE_START,
    Listing,
    clean_name,
    listings,
    read_item,
)
from pytest_promptopt.models.offline.text import fold, sentences, stems, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer that the prompt allows.

    Attributes:
        name: As it is to be given.
        lines: What the prompt says about it, one entry a place; may be empty.
        definitions: How many of the lines are entries of a list, headed by the name.
    """

    name: str
    lines: tuple[str, ...] = ()
    definitions: int = 0


_IF_ANSWER = re.compile(
    r"(?i)\b(?:answer|reply|say|return|output|write|respond|choose|pick|use)(?: with)? "
    r"(?P<name>[\w-]+) (?:if|when|for|where|unless)\b|\b(?P<other>[\w-]+) otherwise\b|"
    r"\botherwise,? (?:answer |say |reply |return |use |with |choose |"
    r"pick )*(?P<last>[\w-]+)"
)


def _listing_weight(listing: Listing) -> float:
    """Say how much a list looks like the list of answers; above 0 is good enough."""
    named = [item for item in listing.named if not SENTENCE_START.match(item.name)]
    share = len(named) / len(listing.items)
    if len(listing.items) < 2 or share < 0.7:
        return 0.0
    weight = share
    if LIST_HEAD.search(listing.head):
        weight += 2.0
    elif OTHER_HEAD.search(listing.head):
        weight -= 3.0
    return weight


def _conditional_names(text: str) -> list[str]:
    names: dict[str, str] = {}
    for match in _IF_ANSWER.finditer(text):
        name = match["name"] or match["other"] or match["last"]
        if name and not SENTENCE_START.match(name):
            names.setdefault(fold(name), name)
    return list(names.values())


def _names(text: str, lists: Sequence[Listing]) -> list[str]:
    """Decide which names in an instruction text are the allowed answers."""
    best = max(
        lists,
        key=lambda entry: (_listing_weight(entry), len(entry.items)),
        default=None,
    )
    weight = _listing_weight(best) if best is not None else 0.0
    # What a list entry says about its name is no list of answers itself.
    prose = "\n".join(x for x in text.split("\n") if not LIST_ITEM.match(x))
    inline = next(iter(inline_lists(prose if weight > 0 else text)), [])
    if best is not None and weight > 0:
        listed = [item.name for item in best.named]
        overlap = {fold(name) for name in listed} & {fold(name) for name in inline}
        if (
            not inline
            or len(overlap) == len(inline)
            or (not overlap and weight >= 2.5)
            or (overlap and len(listed) >= len(inline))
        ):
            return listed
    if inline:
        return inline
    conditional = _conditional_names(text)
    return conditional if len(conditional) >= 2 else []


def _mentions(segment: str, folded: Sequence[str]) -> list[int]:
    """Return the indices of the names that a segment mentions as whole words."""
    text = f" {fold(segment)} "
    hits = [index for index, name in enumerate(folded) if f" {name} " in text]
    # "card" inside "lost card" is no mention of its own.
    return [
        index
        for index in hits
        if not any(
            other != index and f" {folded[index]} " in f" {folded[other]} "
            for other in hits
        )
    ]


def find_answers(text: str) -> tuple[Answer, ...]:
    """Find the allowed answers of an instruction text, with all that is said of them.

    Returns:
        In the order of the text; empty if it allows any answer at all.
    """
    lists = listings(text)
    names = list(dict.fromkeys(_names(text, lists)))
    folded = [fold(name) for name in names]
    if not names:
        return ()
    if set(folded) in ({"yes", "no"}, {"true", "false"}):
        return _questioned(text, names)
    said: list[list[str]] = [[] for _ in names]
    headed = [0] * len(names)
    consumed: set[str] = set()
    for listing in lists:
        for item, body in zip(listing.items, listing.bodies, strict=True):
            index = (
                folded.index(fold(item.name))
                if item and fold(item.name) in folded
                else None
            )
            if index is None:
                continue
            consumed.add(body)
            if item is not None and stems(item.description):
                said[index].append(item.description)
                headed[index] += 1
    for segment in _segments(text, consumed):
        hits = _mentions(segment, folded)
        if len(hits) == 1 and len(words(segment)) > len(words(names[hits[0]])) + 1:
            said[hits[0]].append(_without(segment, names[hits[0]]))
    return tuple(
        Answer(name=name, lines=tuple(lines), definitions=count)
        for name, lines, count in zip(names, said, headed, strict=True)
    )


def _questioned(text: str, names: Sequence[str]) -> tuple[Answer, ...]:
    """Let the question describe "yes", and what the prompt says of "no" the other."""
    folded = [fold(name) for name in names]
    asked: list[str] = []
    refused: list[str] = []
    for part in sentences(text):
        hits = _mentions(part, folded)
        if len(hits) == 1 and len(words(part)) > 3:
            (asked if folded[hits[0]] in ("yes", "true") else refused).append(
                _without(part, names[hits[0]])
            )
        elif "?" in part or re.search(
            r"(?i)\b(?:whether|if|says? that)\b|:\s*\w", part
        ):
            asked.append(
                re.sub(
                    r"(?i)\b(?:answer|reply|respond|say|with|yes|no|true|false)\b",
                    " ",
                    part,
                )
            )
    return tuple(
        Answer(name=name, lines=tuple(asked))
        if entry in ("yes", "true")
        else Answer(name=name, lines=(*refused, "otherwise"))
        for name, entry in zip(names, folded, strict=True)
    )


def without_entries(text: str, names: Iterable[str]) -> str:
    """Leave out the list entries that the names head, so that demands remain."""
    folded = {fold(name) for name in names}
    kept = []
    for line in text.split("\n"):
        item = read_item(LIST_ITEM.sub("", line, count=1))
        if item is None or fold(item.name) not in folded:
            kept.append(line)
    return "\n".join(kept)


def _segments(text: str, consumed: set[str]) -> Iterable[str]:
    for line in text.split("\n"):
        body = LIST_ITEM.sub("", line, count=1).strip()
        if body and body not in consumed:
            for sentence in sentences(body):
                yield from re.split(
                    r"(?i),?\s+(?:and|but|or|otherwise) (?=(?:use|answer|say|choose|"
                    r"pick|\S+ (?:if|when|for|is|means|covers))\b)|\)\s*,\s*",
                    sentence,
                )


def _without(segment: str, name: str) -> str:
    pattern = r"[\W_]+".join(map(re.escape, re.findall(r"[^\W_]+", name)))
    return re.sub(rf"(?i)(?<![^\W_]){pattern}(?![^\W_])", " ", segment)


def find_options(text: str) -> tuple[Answer, ...]:
    """Find lettered or listed options inside what is to be judged."""
    lettered: list[Answer] = []
    listed: list[str] = []
    under_head = False
    for line in text.split("\n"):
        option = OPTION_LINE.match(line)
        if option:
            mark = f"({option.group(1)})" if option.group(1) else option.group(2)
            rest = line.strip().split(maxsplit=1)[1]
            lettered.append(Answer(name=mark, lines=(rest,), definitions=1))
        elif re.match(r"(?i)^\s*(?:options|choices|answers)\s*:", line):
            under_head = True
        elif under_head and LIST_ITEM.match(line):
            listed.append(clean_name(LIST_ITEM.sub("", line, count=1)))
    if len(lettered) >= 2:
        return tuple(lettered)
    return tuple(Answer(name=name) for name in listed) if len(listed) >= 2 else ()
