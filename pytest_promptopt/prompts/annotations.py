"""Annotations: Jinja comments that mark regions and start messages.

==========================================  =====================================
``{# promptopt: begin NAME -#}``            what the optimiser may rewrite, until
``{# promptopt: end -#}``                   the next ``end``
``{# promptopt: begin examples NAME -#}``   a region of whole example cases
``{# promptopt: example PATTERN -#}``       how each of them is written there
``{# promptopt: system -#}``                a message starts: ``system``,
                                            ``user`` or ``assistant``
==========================================  =====================================

They are comments, so that production needs nothing from this package, and a check
makes sure that the prompt renders the same with and without them.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from pytest_promptopt.prompts.dialect import JINJA
from pytest_promptopt.prompts.pieces import flatten, split_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.prompts.dialect import Dialect
    from pytest_promptopt.prompts.pieces import Piece

RegionKind = Literal["instructions", "examples", "whole"]
Word = Literal["begin", "end", "example", "system", "user", "assistant"]

ROLES = ("system", "user", "assistant")
_WORDS = ("begin", "end", "example", *ROLES)
_ANNOTATION = re.compile(r"\s*promptopt\s*:(.*)", re.DOTALL)
_EXAMPLE = re.compile(r"\s*promptopt\s*:\s*example\b")
_LOOKALIKE = re.compile(r"\s*([\w-]+)\s*:\s*(?:begin|end|system|user|assistant)\b")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")


class AnnotationError(Exception):
    """An annotation that cannot be used; the caller knows the file.

    Args:
        offset: Where in the template's text the comment starts, in characters.
        problem: What is wrong.
        hint: What to do about it.
    """

    def __init__(self, offset: int, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.offset = offset
        self.problem = problem
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One annotation comment.

    Attributes:
        word: What it does.
        name: Of a ``begin``, the region's name; else empty.
        kind: Of a ``begin``, the region's kind.
        pattern: Of an ``example``, how each example looks.
        piece: Where it stands.
    """

    word: Word
    piece: Piece
    name: str = ""
    kind: RegionKind = "instructions"
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The place of a region in its template's text.

    Attributes:
        name: Unique within the template.
        kind: ``"whole"`` stands for a template without region annotations.
        start: Offset of the region's first character.
        end: Offset behind its last.
        trimmed: Whether white space before ``start`` is eaten, so that the region
            cannot start with white space.
        example: The annotation with the pattern of its examples, if it has one.
        filled: Whether there is more in it than that.
    """

    name: str
    kind: RegionKind
    start: int
    end: int
    trimmed: bool = False
    example: Mark | None = None
    filled: bool = True

    @property
    def head(self) -> str:
        """The annotation with the pattern as it is written; empty without one."""
        if self.example is None:
            return ""
        piece = self.example.piece
        return piece.opener + piece.inner + piece.closer.rstrip()


def find_marks(pieces: Sequence[Piece]) -> tuple[Mark, ...]:
    """Read the annotations among a template's comments.

    Raises:
        AnnotationError: A comment is meant as an annotation and is none.
    """
    marks = []
    for piece in pieces:
        if piece.kind != "comment":
            continue
        match = _ANNOTATION.fullmatch(piece.inner)
        if match is not None:
            marks.append(_read_mark(piece, match[1].split()))
        else:
            _refuse_lookalike(piece)
    return tuple(marks)


def _read_mark(piece: Piece, words: list[str]) -> Mark:
    shown = _shown(piece)
    if not words:
        raise AnnotationError(
            piece.start, f"{shown} says nothing", f"write one of: {', '.join(_WORDS)}"
        )
    word, rest = words[0], words[1:]
    if word not in _WORDS:
        close = difflib.get_close_matches(word.lower(), _WORDS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"use {', '.join(_WORDS)}"
        raise AnnotationError(piece.start, f"unknown annotation word {word!r}", hint)
    if word == "example":
        return _read_example(piece, shown)
    kind: RegionKind = "instructions"
    if word == "begin" and rest[:1] == ["examples"]:
        kind, rest = "examples", rest[1:] or ["examples"]
    if word != "begin" and rest:
        raise AnnotationError(
            piece.start,
            f"{shown} has {' '.join(rest)!r} behind {word!r}",
            f"write {{# promptopt: {word} -#}}",
        )
    if word == "begin" and (len(rest) != 1 or not _NAME.fullmatch(rest[0])):
        raise AnnotationError(
            piece.start,
            f"{shown} does not name its region in one word",
            "name it, e.g. {# promptopt: begin instructions -#}",
        )
    name = rest[0] if rest else ""
    return Mark(word=cast("Word", word), piece=piece, name=name, kind=kind)


def _read_example(piece: Piece, shown: str) -> Mark:
    pattern = _EXAMPLE.sub("", piece.inner, count=1).strip()
    if not pattern:
        raise AnnotationError(
            piece.start,
            f"{shown} has no pattern",
            "write behind 'example' how one example looks, e.g. "
            "{# promptopt: example Ticket: {{ ticket }} Label: {{ expected }} -#}",
        )
    return Mark(word="example", piece=piece, pattern=pattern)


def _refuse_lookalike(piece: Piece) -> None:
    match = _LOOKALIKE.match(piece.inner)
    if match and difflib.get_close_matches(match[1].lower(), ["promptopt"], cutoff=0.8):
        raise AnnotationError(
            piece.start,
            f"{_shown(piece)} looks like an annotation and is none",
            "did you mean 'promptopt:'?",
        )


def _shown(piece: Piece) -> str:
    return repr(" ".join((piece.opener + piece.inner + piece.closer).split()))


def find_spans(text: str, marks: Sequence[Mark]) -> tuple[Span, ...]:
    """Pair ``begin`` with ``end``.

    Args:
        text: The template's text.
        marks: Its annotations, in order.

    Returns:
        The regions in order; none if nothing is marked.

    Raises:
        AnnotationError: Nested, unclosed, unopened, or two of one name.
    """
    spans: list[Span] = []
    opened: Mark | None = None
    example: Mark | None = None
    for mark in marks:
        if mark.word == "example":
            _check_example(text, mark, opened, example)
            example = mark
        elif mark.word == "begin":
            if opened is not None:
                raise AnnotationError(
                    mark.piece.start,
                    f"region {mark.name!r} begins inside region {opened.name!r}, which "
                    f"began on line {_line(text, opened)}",
                    "put {# promptopt: end -#} before it: regions do not nest",
                )
            if any(span.name == mark.name for span in spans):
                raise AnnotationError(
                    mark.piece.start,
                    f"a second region is named {mark.name!r}",
                    "give every region of a file a name of its own",
                )
            opened = mark
        elif mark.word == "end":
            if opened is None:
                raise AnnotationError(
                    mark.piece.start,
                    "'end' without a 'begin' before it",
                    "add {# promptopt: begin instructions -#} or delete the comment",
                )
            spans.append(_span(text, opened, mark, example))
            opened = example = None
        elif opened is not None:
            raise AnnotationError(
                mark.piece.start,
                f"a {mark.word} message starts inside region {opened.name!r}",
                "put {# promptopt: end -#} before it: a region is part of one message",
            )
    if opened is not None:
        raise AnnotationError(
            opened.piece.start,
            f"region {opened.name!r} has no end",
            "add {# promptopt: end -#} behind its last line",
        )
    return tuple(spans)


def _check_example(
    text: str, mark: Mark, opened: Mark | None, before: Mark | None
) -> None:
    if opened is None or opened.kind != "examples":
        raise AnnotationError(
            mark.piece.start,
            f"{_shown(mark.piece)} stands in no examples region",
            "put it right behind {# promptopt: begin examples NAME -#}",
        )
    if before is not None or text[opened.piece.end : mark.piece.start].strip():
        raise AnnotationError(
            mark.piece.start,
            f"{_shown(mark.piece)} is not the first in its region",
            "write one pattern a region, right behind its begin",
        )


def _span(text: str, begin: Mark, end: Mark, example: Mark | None) -> Span:
    # With a right trim that eats all there is, the end comment follows at once.
    start = min(begin.piece.end, end.piece.start)
    behind = start if example is None else min(example.piece.end, end.piece.start)
    return Span(
        example=example,
        filled=bool(text[behind : end.piece.start].strip()),
        name=begin.name,
        kind=begin.kind,
        start=start,
        end=end.piece.start,
        trimmed=begin.piece.trims_right,
    )


def _line(text: str, mark: Mark) -> int:
    return text.count("\n", 0, mark.piece.start) + 1


def check_invisible(text: str, marks: Sequence[Mark], dialect: Dialect = JINJA) -> None:
    """Make sure that the prompt renders the same with and without the annotations.

    Without an annotation means: without its line if nothing else stands on it, else
    without the comment alone. A final line break is not counted as a difference.

    Raises:
        AnnotationError: At the first annotation that shows in the rendered prompt.
    """
    rendered = _visible(text, dialect)
    for at, mark in enumerate(marks):
        without = _without(text, marks[: at + 1])
        before, rendered = rendered, _visible(without, dialect)
        if before == rendered:
            continue
        if not mark.piece.trims_right:
            raise AnnotationError(
                mark.piece.start,
                f"{_shown(mark.piece)} leaves an empty line in the prompt",
                f"end it with -#}}: {_trimmed(mark.piece)}",
            )
        if mark.word in ROLES:  # white space between messages is in none of them
            continue
        if mark.piece.closer.count("\n") > 1:
            raise AnnotationError(
                mark.piece.start,
                f"{_shown(mark.piece)} also removes the empty line behind it",
                "move the empty line in front of the comment",
            )
        raise AnnotationError(
            mark.piece.start,
            f"{_shown(mark.piece)} changes the white space of the prompt",
            "put it at the start of a line of its own; if the next line is indented, "
            "close it with '#}' and let the text go on right behind it",
        )


def _visible(text: str, dialect: Dialect) -> tuple[tuple[str, str], ...]:
    row = flatten(split_pieces(text, dialect))
    if row and row[-1][0] == "data":
        last = row[-1][1].rstrip("\n")
        row = (*row[:-1], ("data", last)) if last else row[:-1]
    return row


def _without(text: str, marks: Sequence[Mark]) -> str:
    for mark in reversed(marks):  # offsets behind a removed one no longer hold
        text = _without_piece(text, mark.piece)
    return text


def _without_piece(text: str, piece: Piece) -> str:
    start = piece.start
    end = start + len(piece.opener + piece.inner + piece.closer.rstrip())
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end + 1
    if not text[line_start:start].strip() and not text[end:line_end].strip():
        start, end = line_start, line_end
    return text[:start] + text[end:]


def _trimmed(piece: Piece) -> str:
    return f"{piece.opener} {' '.join(piece.inner.split())} -#}}"
