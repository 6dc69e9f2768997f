"""The Jinja constructs of a text, which a rewrite has to keep."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError

from pytest_promptopt.prompts.dialect import JINJA
from pytest_promptopt.prompts.pieces import split_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.prompts.dialect import Dialect
    from pytest_promptopt.prompts.pieces import Piece

_INCLUDING = frozenset({"include", "extends", "import", "from"})


def compare_constructs(old: str, new: str, dialect: Dialect = JINJA) -> str | None:
    """Say how a text's Jinja constructs differ from those of the text it replaces.

    Expressions may change places, statements keep their order, and none is added,
    lost or changed, white space inside the delimiters aside.

    Returns:
        A short reason, or ``None`` if they are the same.
    """
    before = split_pieces(old, dialect)
    try:
        after = split_pieces(new, dialect)
    except TemplateSyntaxError:
        return "unbalanced delimiters"
    if any(_is_open(piece, dialect) for piece in after):
        return "unbalanced delimiters"
    kinds = dict.fromkeys(map(_noun, (*before, *after)))
    for noun in sorted(kind for kind in kinds if kind):
        had, has = _written(before, noun), _written(after, noun)
        lost, added = Counter(had) - Counter(has), Counter(has) - Counter(had)
        if lost and added:
            return f"changed {noun}"
        if lost or added:
            return f"{'lost' if lost else 'added'} {noun}"
        if noun not in ("a comment", "a variable") and had != has:
            return f"moved {noun}"
    stray = Counter(_strays(after, dialect)) - Counter(_strays(before, dialect))
    return "unbalanced delimiters" if stray else None


def _is_open(piece: Piece, dialect: Dialect) -> bool:
    # A line statement or line comment may end where the text does.
    lines = (dialect.line_statement_prefix, dialect.line_comment_prefix)
    closes = piece.kind in ("data", "raw") or piece.opener.strip() in lines
    return not closes and not piece.closer


def _noun(piece: Piece) -> str:
    if piece.kind == "block" and piece.names[:1] and piece.names[0] in _INCLUDING:
        return "an include"
    nouns = {
        "variable": "a variable",
        "block": "a block",
        "raw": "a block",
        "comment": "a comment",
    }
    return nouns.get(piece.kind, "")


def _written(pieces: Sequence[Piece], noun: str) -> list[str]:
    return [
        " ".join((piece.opener, *piece.inner.split(), piece.closer.strip()))
        for piece in pieces
        if _noun(piece) == noun
    ]


def _strays(pieces: Sequence[Piece], dialect: Dialect) -> list[str]:
    # A lone }} is how JSON ends; these are nothing but the rest of a construct.
    ends = re.compile(
        "|".join(map(re.escape, (dialect.block_end_string, dialect.comment_end_string)))
    )
    return [
        stray
        for piece in pieces
        if piece.kind == "data"
        for stray in ends.findall(piece.inner)
    ]
