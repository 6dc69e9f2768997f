"""The units that a text is edited in: sentences and list items, block by block.

Blocks stand apart by an empty line. In them a heading, a list item with its
continuation lines and a fence of code are units of their own; the rest is cut into
sentences. What the template has to keep, its variables and statements, makes a unit
that no edit touches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_promptopt.prompts import Region

_ITEM = re.compile(r"[ \t]*(?:[-*+\u2022]|\d{1,3}[.)]|[A-Za-z][.)])[ \t]+\S")
_ALONE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\||<[^<>]*>[ \t]*$)")
_FENCE = re.compile(r"[ \t]*(?:`{3}|~{3})")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_END = re.compile(r"[.!?\u2026][\"')\]\u201d\u2019*_]*(?=\s+\S)|[\u3002\uff01\uff1f]")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Mr|Mrs|Dr|No)|\b[A-Z])\.$")
_LOWER = re.compile(r"\s+[a-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A sentence, a list item, or a line of its own.

    Attributes:
        text: What it says, without blank space at its ends; indentation is kept.
        gap: The blank space behind it.
        block: Number of its block, from 0.
        is_fixed: Whether it has something in it that has to stay.
        is_line: Whether it stands on lines of its own.
    """

    text: str
    gap: str
    block: int
    is_fixed: bool = False
    is_line: bool = False


def units_of(text: str, region: Region) -> tuple[Unit, ...]:
    """Cut a text into units; put together again they are the text.

    Blank space in front of the first one is not part of it.

    Args:
        text: The text of a region.
        region: Says what has to stay.
    """
    kept = _kept(text, region)
    start = len(text) - len(text.lstrip("\r\n"))
    pieces = [
        (at, end, is_line)
        for at, end, is_line in _pieces(text, start)
        if text[at:end].strip()
    ]
    units: list[Unit] = []
    block = 0
    for at, end, is_line in _merged(pieces, kept):
        body = text[at:end].rstrip()
        following = next((p for p, _, _ in pieces if p >= end), len(text))
        gap = text[at + len(body) : following]
        fixed = any(at < last and first < end for first, last in kept)
        units.append(
            Unit(text=body, gap=gap, block=block, is_fixed=fixed, is_line=is_line)
        )
        if gap.count("\n") > 1:
            block += 1
    return tuple(units)


def _kept(text: str, region: Region) -> list[tuple[int, int]]:
    """Return where something stands that an edit must leave alone."""
    found = [match.span() for match in _COMMENT.finditer(text)]
    for construct in region.fixed:
        # Blank space in it was made single.
        pattern = r"\s+".join(map(re.escape, construct.split()))
        found += [match.span() for match in re.finditer(pattern, text)]
    return sorted(found)


def _merged(
    pieces: list[tuple[int, int, bool]], kept: list[tuple[int, int]]
) -> Iterator[tuple[int, int, bool]]:
    """Put pieces together that a cut inside of a construct has parted."""
    joined: list[tuple[int, int, bool]] = []
    for at, end, is_line in pieces:
        if joined and any(first < at < last for first, last in kept):
            joined[-1] = (joined[-1][0], end, joined[-1][2])
        else:
            joined.append((at, end, is_line))
    return iter(joined)


def _pieces(text: str, start: int) -> Iterator[tuple[int, int, bool]]:
    """Yield where units begin and end, and whether they stand on lines of their own."""
    prose = item = fence = None
    at = start
    for line in text[start:].splitlines(keepends=True):
        opens = _FENCE.match(line) is not None
        if fence is not None:
            if opens:
                yield fence, at + len(line), True
                fence = None
        elif opens or _ITEM.match(line) or _ALONE.match(line) or not line.strip():
            yield from _closed(text, prose, item, at)
            prose = item = None
            if opens:
                fence = at
            elif _ITEM.match(line):
                item = at
            elif line.strip():
                yield at, at + len(line), True
        elif item is None and prose is None:
            prose = at
        at += len(line)
    if fence is not None:
        yield fence, at, True
    yield from _closed(text, prose, item, at)


def _closed(
    text: str, prose: int | None, item: int | None, end: int
) -> Iterator[tuple[int, int, bool]]:
    if item is not None:
        yield item, end, True
    if prose is not None:
        yield from _sentences(text, prose, end)


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    at = start
    for match in _END.finditer(text, start, end):
        stop = match.end()
        if _ABBREVIATION.search(text[at:stop]) or _LOWER.match(text, stop):
            continue
        if not text[stop:end].strip():
            break
        yield at, stop, False
        at = stop + len(text[stop:end]) - len(text[stop:end].lstrip())
    yield at, end, False
