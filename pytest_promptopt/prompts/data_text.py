"""Text that a template shows as it is, whatever braces it has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2 import TemplateError as JinjaError

from pytest_promptopt.prompts.environment import PromptEnvironment
from pytest_promptopt.prompts.pieces import split_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_promptopt.prompts.dialect import Dialect
    from pytest_promptopt.prompts.pieces import Piece
    from pytest_promptopt.prompts.project_environment import ProjectEnvironment

_QUOTED = re.compile(r"\s*'[^'\\]*'\s*")


def data_text(text: str, environment: ProjectEnvironment) -> str | None:
    r"""Write a text so that it renders as itself and is never run.

    What opens a construct is written as a constant, ``{{ '{%' }}``; where that does
    not do, the text is put between ``raw`` tags. Nothing is rendered before it is
    certain to be constants alone.

    Args:
        text: With ``\n`` line ends and without outer white space.
        environment: The project's Jinja environment.

    Returns:
        Template text; ``None`` if there is no way to write it.
    """
    dialect = environment.dialect
    if not any(mark in text for mark in _marks(dialect)):
        return text
    return next(
        (
            written
            for written in _writings(text, dialect)
            if _is_constant(written, dialect)
            and _rendered(written, environment) == text
        ),
        None,
    )


def _marks(dialect: Dialect) -> list[str]:
    """Return what a text must have so that something of it could be a construct."""
    marks = [
        dialect.variable_start_string,
        dialect.block_start_string,
        dialect.comment_start_string,
        dialect.line_statement_prefix,
        dialect.line_comment_prefix,
    ]
    return [mark for mark in marks if mark]


def is_constant_piece(piece: Piece) -> bool:
    """Tell whether a piece renders the same whatever the inputs."""
    if piece.kind in ("data", "raw"):
        return True
    return piece.kind == "variable" and bool(_QUOTED.fullmatch(piece.inner))


def _writings(text: str, dialect: Dialect) -> Iterator[str]:
    yield text
    openers = (
        dialect.variable_start_string,
        dialect.block_start_string,
        dialect.comment_start_string,
    )

    def constant(run: re.Match[str]) -> str:
        if not any(opener in run[0] for opener in openers):
            return run[0]
        start, end = dialect.variable_start_string, dialect.variable_end_string
        return f"{start} '{run[0]}' {end}"

    # Whole runs, so that what is left of one cannot open a construct with the rest.
    characters = re.escape("".join(sorted(set("".join(openers)))))
    yield re.sub(f"[{characters}]+", constant, text)
    start, end = dialect.block_start_string, dialect.block_end_string
    yield f"{start} raw {end}{text}{start} endraw {end}"


def _is_constant(written: str, dialect: Dialect) -> bool:
    try:
        return all(map(is_constant_piece, split_pieces(written, dialect)))
    except JinjaError:
        return False


def _rendered(written: str, environment: ProjectEnvironment) -> str | None:
    try:
        return PromptEnvironment({}, environment).from_string(written).render()
    except JinjaError:
        return None
