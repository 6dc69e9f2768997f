"""Editing an instruction text: descriptions, lists, demands; templates stay intact.

A description is kept as *notes*: the parts of ``- name: note, note`` between commas,
or between semicolons if there are any.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from pytest_promptopt.models.offline.demands import find_demand
from pytest_promptopt.models.offline.lines import LIST_ITEM
from pytest_promptopt.models.offline.listings import read_item
from pytest_promptopt.models.offline.text import fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)

# Notes with commas of their own, which do not part them from others.
_LISTING_NOTE = re.compile(r"(?i)\b(?:one of|any of|true if|such as|e\.g\.|between)\b")


def has_template(line: str) -> bool:
    """Whether a line holds a template variable, tag or comment."""
    return bool(_TEMPLATE.search(line)) or "{{" in line or "{%" in line or "{#" in line


def split_notes(description: str) -> tuple[str, ...]:
    """Split a description into its notes."""
    text = description.strip().rstrip(".;,")
    mark = ";" if ";" in text or _LISTING_NOTE.search(text) else ","
    return tuple(part.strip() for part in text.split(mark) if part.strip())


def join_notes(notes: Sequence[str]) -> str:
    """Write notes as one description."""
    mark = "; " if any("," in note for note in notes) else ", "
    return mark.join(notes)


def _entry(line: str) -> tuple[str, str] | None:
    """Return the name and description of a line that defines something."""
    bare = LIST_ITEM.sub("", line, count=1)
    item = read_item(bare)
    if item is None or has_template(line):
        return None
    if not LIST_ITEM.match(line) and not item.description:
        return None
    return item.name, item.description


def described(text: str, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the notes of each of the names that has an entry of its own in a list."""
    known = {fold(name): name for name in names}
    found: dict[str, tuple[str, ...]] = {}
    for line in text.split("\n"):
        entry = _entry(line)
        if entry is not None and fold(entry[0]) in known:
            found.setdefault(known[fold(entry[0])], split_notes(entry[1]))
    return found


def _prefix(line: str, description: str) -> str:
    """Return a definition line without its description, separator included."""
    if description and description in line:
        return line[: line.index(description)]
    bare = line.rstrip()
    return f"{bare.rstrip(':')}: "


def describe(text: str, name: str, notes: Sequence[str]) -> str:
    """Give a name these notes in its list entry; a text without entries gets a list."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        entry = _entry(line)
        if entry is not None and fold(entry[0]) == fold(name):
            start = _prefix(line, entry[1])
            lines[index] = (
                (start + join_notes(notes)).rstrip() if notes else start.rstrip(" :(-")
            )
            return "\n".join(lines)
    return insert(text, f"- {name}: {join_notes(notes)}" if notes else f"- {name}")


def list_out(text: str, names: Sequence[str]) -> str:
    """Turn the list of names that a line runs through into one entry a line."""
    if len(described(text, names)) >= 2 or len(names) < 2:
        return text
    lines = text.split("\n")
    for index, line in enumerate(lines):
        span = _span(line, names)
        if span is None or has_template(line[span[0] : span[1]]):
            continue
        head = re.sub(r"(?i)[\s(\[]*(?:either\s*)?$", "", line[: span[0]])
        rest = line[span[1] :].lstrip(" .)]")
        entries = [f"- {name}" for name in names]
        lines[index : index + 1] = [
            f"{head.rstrip(':')}:" if head else "Labels:",
            *entries,
            *([rest] if rest else []),
        ]
        return "\n".join(lines)
    return text


def _span(line: str, names: Sequence[str]) -> tuple[int, int] | None:
    """Find where a line lists all the names with nothing but separators between."""
    found = []
    for name in names:
        match = re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", line)
        if match is None:
            return None
        found.append(match.span())
    found.sort()
    for (_, end), (start, _) in itertools.pairwise(found):
        if not re.fullmatch(
            r"[\s,;/|\"'`()]*(?:\b(?:or|and)\b)?[\s\"'`(]*", line[end:start]
        ):
            return None
    start, end = found[0][0], found[-1][1]
    while start and line[start - 1] in "\"'`":
        start -= 1
    while end < len(line) and line[end] in "\"'`":
        end += 1
    return start, end


def _insertion_point(lines: Sequence[str]) -> int:
    """Return where a new line goes: above a trailing variable, else at the end."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    plain = next(
        (i for i, line in enumerate(lines) if line.strip() and not has_template(line)),
        end,
    )
    first = next((i for i in range(plain, end) if has_template(lines[i])), end)
    if plain < first < end:
        while first > 1 and _leads_in(lines[first - 1]):
            first -= 1
        return first
    return end


def _leads_in(line: str) -> bool:
    """Whether a line belongs to the variable below it: blank, a cue or a fence."""
    bare = line.strip()
    return not bare or bool(re.fullmatch(r"[A-Za-z][\w ]{0,24}:|\W{2,}|<[\w-]+>", bare))


def insert(text: str, line: str) -> str:
    """Add a line where the instructions end."""
    lines = text.split("\n") if text.strip() else []
    entries = [
        index
        for index, entry in enumerate(lines)
        if LIST_ITEM.match(entry) and not has_template(entry)
    ]
    if LIST_ITEM.match(line) and entries:
        place = entries[-1] + 1
    else:
        place = _insertion_point(lines)
    return "\n".join([*lines[:place], line, *lines[place:]])


def has_demand(text: str) -> bool:
    """Whether a text demands the bare answer."""
    return find_demand(text).only


def without_demand(text: str) -> str:
    """Take out the sentences that demand a form."""
    kept: list[str] = []
    for line in text.split("\n"):
        if has_template(line) or not (find_demand(line).any and find_demand(line).only):
            kept.append(line)
            continue
        parts = re.split(r"(?<=[.!?])\s+", line)
        left = " ".join(part for part in parts if not find_demand(part).only)
        if left:
            kept.append(left)
    return "\n".join(kept)


def trimmed(text: str, notes: Mapping[str, Sequence[str]], limit: int) -> str:
    """Shorten descriptions, the longest first, to at most ``limit`` words in all."""
    left = {name: list(own) for name, own in notes.items()}
    while len(text.split()) > limit and any(len(own) > 1 for own in left.values()):
        name = max(left, key=lambda key: len(left[key]))
        left[name].pop()
        text = describe(text, name, left[name])
    return text
