"""A template as a row of pieces: literal text, comments, expressions, statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jinja2 import Environment

from pytest_promptopt.prompts.dialect import JINJA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_promptopt.prompts.dialect import Dialect

Kind = Literal["data", "comment", "variable", "block", "raw"]

_OPENERS: dict[str, tuple[Kind, str]] = {
    "comment_begin": ("comment", "comment_end"),
    "variable_begin": ("variable", "variable_end"),
    "block_begin": ("block", "block_end"),
    "linestatement_begin": ("block", "linestatement_end"),
    "linecomment_begin": ("comment", "linecomment_end"),
    "raw_begin": ("raw", "raw_begin"),
    "raw_end": ("raw", "raw_end"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One stretch of a template's text.

    Attributes:
        kind: ``"data"`` is literal text, ``"raw"`` the tag before or behind a raw
            section, ``"block"`` any other statement tag.
        start: Offset of its first character.
        end: Offset behind its last character, white space eaten by a ``-`` included.
        inner: What stands between the delimiters; of data, what is rendered.
        opener: The opening delimiter as written, e.g. ``"{#-"``; of data, empty.
        closer: The closing delimiter and the white space that it eats.
        names: Words of the expression or statement that name something.
    """

    kind: Kind
    start: int
    end: int
    inner: str
    opener: str = ""
    closer: str = ""
    names: tuple[str, ...] = ()

    @property
    def trims_right(self) -> bool:
        """Whether it eats the white space that follows it."""
        return self.closer.startswith("-")


def split_pieces(text: str, dialect: Dialect = JINJA) -> tuple[Piece, ...]:
    r"""Cut a template's text into pieces, in order.

    Args:
        text: Jinja2 source with ``\n`` line ends.
        dialect: How it is written.

    Returns:
        The pieces; between two of them nothing but white space that a ``-`` eats.

    Raises:
        jinja2.TemplateSyntaxError: The text cannot be cut up.
    """
    # The final line break is dropped when rendering, but it is part of the file.
    options = {**dialect.options(), "keep_trailing_newline": True}
    scanner = Environment(autoescape=False, **options)  # noqa: S701
    tokens = iter(scanner.lex(text))
    pieces: list[Piece] = []
    position = 0
    for _, kind, value in tokens:
        position = text.index(value, position)
        if kind not in _OPENERS:
            end = position + len(value)
            pieces.append(Piece(kind="data", start=position, end=end, inner=value))
        else:
            pieces.append(_construct(text, position, kind, value, tokens))
        position = pieces[-1].end
    return tuple(pieces)


def _construct(
    text: str,
    start: int,
    opening: str,
    opener: str,
    tokens: Iterator[tuple[int, str, str]],
) -> Piece:
    kind, closing = _OPENERS[opening]
    position = start + len(opener)
    if kind == "raw":
        return Piece(kind=kind, start=start, end=position, inner="", opener=opener)
    inner_start = position
    names: list[str] = []
    for _, token, value in tokens:
        position = text.index(value, position)
        if token == closing:
            return Piece(
                kind=kind,
                start=start,
                end=position + len(value),
                inner=text[inner_start:position],
                opener=opener,
                closer=value,
                names=tuple(names),
            )
        position += len(value)
        if token == "name":  # noqa: S105 - a token of the template
            names.append(value)
    # Only a block without an end gets here: the lexer leaves that to the parser.
    return Piece(
        kind=kind,
        start=start,
        end=len(text),
        inner=text[inner_start:],
        opener=opener,
        names=tuple(names),
    )


def flatten(pieces: Sequence[Piece]) -> tuple[tuple[str, str], ...]:
    """Return what the pieces render: literal text and constructs, comments left out.

    Two texts with equal results render alike with every input.
    """
    row: list[tuple[str, str]] = []
    for piece in pieces:
        if piece.kind == "comment":
            continue
        if piece.kind != "data":
            row.append((piece.kind, piece.opener + piece.inner + piece.closer.rstrip()))
        elif row and row[-1][0] == "data":
            row[-1] = ("data", row[-1][1] + piece.inner)
        else:
            row.append(("data", piece.inner))
    return tuple(row)
