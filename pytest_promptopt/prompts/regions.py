"""The regions of a prompt: what the optimiser may rewrite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts.annotations import (
    ROLES,
    Span,
    check_invisible,
    find_marks,
    find_spans,
)
from pytest_promptopt.prompts.environment import role_lines_in_captures
from pytest_promptopt.prompts.pieces import split_pieces
from pytest_promptopt.prompts.syntax import parse_template, placed_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.prompts.annotations import Mark, RegionKind
    from pytest_promptopt.prompts.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of a prompt that the optimiser may rewrite.

    Attributes:
        address: Source key, ``#`` and name, e.g. ``"prompts/triage.j2#instructions"``.
        kind: ``"instructions"``; ``"examples"`` holds whole example cases; ``"whole"``
            is all of a source without region annotations.
        text: What stands there, white space at its ends included.
    """

    address: str
    kind: RegionKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRegion:
    """A region and where it stands.

    Attributes:
        region: The region.
        source: Index of its source.
        span: Its place in the source's text.
        own_line: Whether its end comment stands at the start of a line.
    """

    region: Region
    source: int
    span: Span
    own_line: bool

    def fit(self, text: str) -> str:
        """Give a text the white space at both ends that the region has."""
        old = self.region.text
        core = text.replace("\r\n", "\n").strip()
        if not core:
            return ""
        if old.strip():
            before = old[: len(old) - len(old.lstrip())]
            return before + core + old[len(old.rstrip()) :]
        return core + "\n" if self.own_line else core


def place_regions(sources: Sequence[Source]) -> tuple[PlacedRegion, ...]:
    """Find the regions of all sources, in order.

    Without any annotation each source that has text of its own is one region.

    Raises:
        TemplateError: Annotations are misused, or a source is empty.
    """
    spans = [_marked_spans(source) for source in sources]
    if not any(spans):
        spans = _whole_spans(sources)
    return tuple(
        _placed(source, index, span)
        for index, source in enumerate(sources)
        for span in spans[index]
    )


def _placed(source: Source, index: int, span: Span) -> PlacedRegion:
    region = Region(
        address=f"{source.key}#{span.name}",
        kind=span.kind,
        text=source.text[span.start : span.end],
    )
    own_line = span.kind != "whole" and source.text[: span.end].endswith("\n")
    return PlacedRegion(region=region, source=index, span=span, own_line=own_line)


def _marked_spans(source: Source) -> tuple[Span, ...]:
    with placed_errors(source.text, source.path, source.line_in_file):
        pieces = split_pieces(source.text)
        marks = find_marks(pieces)
        spans = find_spans(source.text, marks)
        check_invisible(source.text, marks)
    if not any(piece.kind != "comment" and piece.inner.strip() for piece in pieces):
        raise TemplateError.at(
            source.path, source.line, "the prompt is empty", "write a prompt into it"
        )
    _check_roles(source, marks)
    return spans


def _check_roles(source: Source, marks: Sequence[Mark]) -> None:
    roles = [mark for mark in marks if mark.word in ROLES]
    if not roles:
        return
    if source.role:
        raise TemplateError.at(
            source.path,
            source.line_at(roles[0].piece.start),
            f"a {roles[0].word} message starts in a file that is given as the "
            f"{source.role} message",
            "delete the annotation, or give the file without a role",
        )
    tree = parse_template(source.text, source.path, source.line_in_file)
    for line in role_lines_in_captures(tree):
        raise TemplateError.at(
            source.path,
            source.line_in_file(line),
            "a message starts inside a macro, call, filter or set block, whose text "
            "is a value",
            "move the annotation out of the block",
        )


def _whole_spans(sources: Sequence[Source]) -> list[tuple[Span, ...]]:
    spans: list[tuple[Span, ...]] = [
        (Span(name="whole", kind="whole", start=0, end=len(source.text)),)
        for source in sources
    ]
    with_text = [_has_own_text(source.text) for source in sources]
    if not any(with_text):
        return spans
    return [span if own else () for span, own in zip(spans, with_text, strict=True)]


def _has_own_text(text: str) -> bool:
    return any(
        piece.kind == "data" and any(map(str.isalnum, piece.inner))
        for piece in split_pieces(text)
    )
