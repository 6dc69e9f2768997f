"""Template syntaxes behind one interface, and which of them a source is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts.format_fields import likely_fields
from pytest_promptopt.prompts.jinja_syntax import JinjaSyntax
from pytest_promptopt.prompts.pieces import split_pieces
from pytest_promptopt.prompts.project_environment import PLAIN
from pytest_promptopt.settings import SYNTAXES, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from pytest_promptopt.prompts.annotations import Span
    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.project_environment import ProjectEnvironment
    from pytest_promptopt.prompts.source import Include, Source, SyntaxName
    from pytest_promptopt.records import Message

    Render: TypeAlias = Callable[[Mapping[str, Any]], tuple[Message, ...]]

JINJA_SUFFIXES = (".j2", ".jinja", ".jinja2")


class Syntax(Protocol):
    """How the texts of sources are read; one class for each syntax."""

    def variables(self, source: Source) -> frozenset[str]:
        """Return the inputs that a source asks for, includes counted.

        Raises:
            TemplateError: The text is not of this syntax.
        """
        ...

    def renderer(self, source: Source) -> Render:
        """Return what turns a case's inputs into the messages of a source.

        What it returns raises :class:`TemplateError` at ``file:line`` if an input is
        missing or cannot be inserted.

        Raises:
            TemplateError: The text is not of this syntax.
        """
        ...

    def spans(self, source: Source) -> tuple[Span, ...]:
        """Return the annotated regions, in order; none if nothing is annotated.

        Raises:
            TemplateError: Annotations are misused, or the source is empty.
        """
        ...

    def has_own_text(self, text: str) -> bool:
        """Tell whether a text has words of its own, beside variables."""
        ...

    def fixed(self, text: str) -> list[str]:
        """Return what of a text a rewrite has to keep, as it is written."""
        ...

    def compare(self, old: str, new: str) -> str | None:
        """Say how a text breaks what has to survive of the text it replaces.

        Returns:
            A short reason, the same words for the same fault, or ``None``.
        """
        ...

    def includes(
        self, source: Source, folders: Sequence[Path], files: Files
    ) -> Mapping[str, Include]:
        """Read every other template that a source needs, by its name.

        Raises:
            TemplateError: One cannot be read.
        """
        ...


def syntax_of(source: Source, environment: ProjectEnvironment = PLAIN) -> Syntax:
    """Return the syntax of a source; Jinja if it does not say.

    Args:
        source: The source.
        environment: The project's Jinja environment.

    Raises:
        TemplateError: It names one that does not exist; a newer version wrote it.
    """
    if source.syntax == "format":
        from pytest_promptopt.prompts.format_syntax import FormatSyntax

        return FormatSyntax()
    if source.syntax == "literal":
        from pytest_promptopt.prompts.literal_syntax import LiteralSyntax

        return LiteralSyntax()
    if source.syntax in ("", "jinja"):
        return JinjaSyntax(environment=environment)
    raise TemplateError.at(
        source.path,
        None,
        f"the template syntax {source.syntax!r} does not exist",
        did_you_mean(source.syntax, SYNTAXES),
    )


def choose_syntax(source: Source, environment: ProjectEnvironment) -> SyntaxName:
    """Find out the syntax of a source about which the prompt test says nothing.

    Args:
        source: The source.
        environment: The project's Jinja environment.

    Returns:
        What its place says, ``"jinja"`` for Jinja's file names, else what the text is:
        ``"literal"`` only where Jinja would take braces for what they are not.

    Raises:
        TemplateError: The text looks like a ``str.format`` template, or like Jinja
            that does not parse.
    """
    if source.syntax:
        return source.syntax
    if source.path.suffix in JINJA_SUFFIXES:
        return "jinja"
    refusal = refuse_undecided(source, environment)
    if refusal is not None:
        raise refusal
    dialect = environment.dialect
    opens = (dialect.variable_start_string, dialect.block_start_string)
    comments = (dialect.comment_start_string, dialect.comment_end_string)
    if any(mark in source.text for mark in opens) or all(
        mark in source.text for mark in comments
    ):
        return _parsed(source, environment)
    return "literal" if comments[0] in source.text else "jinja"


def refuse_undecided(
    source: Source, environment: ProjectEnvironment
) -> TemplateError | None:
    """Return the error of a text that is likely meant for ``str.format``.

    A text with ``{name}`` in it is taken for Jinja only if, read as Jinja, it takes
    an input or has a statement.
    """
    if source.syntax or source.path.suffix in JINJA_SUFFIXES:
        return None
    field = next(likely_fields(source.text), None)
    if field is None or _is_jinja(source, environment):
        return None
    return TemplateError.at(
        source.path,
        source.line_at(field.start),
        f"{field.written!r} looks like a field of str.format, and the prompt marker "
        "does not say so",
        'add syntax="format" to the marker, or syntax="literal" if the model shall '
        f"read {field.written} as it stands",
    )


def _is_jinja(source: Source, environment: ProjectEnvironment) -> bool:
    if environment.dialect.block_start_string in source.text:
        return True
    try:
        if JinjaSyntax(environment=environment).variables(source):
            return True
    except TemplateError:
        return False
    pieces = split_pieces(source.text, environment.dialect)
    return any(
        "promptopt:" in piece.inner for piece in pieces if piece.kind == "comment"
    )


def _parsed(source: Source, environment: ProjectEnvironment) -> SyntaxName:
    try:
        JinjaSyntax(environment=environment).variables(source)
    except TemplateError as error:
        raise _extended(error) from error
    return "jinja"


def _extended(error: TemplateError) -> TemplateError:
    extended = TemplateError(
        error.problem,
        f'{error.hint}; if it is no Jinja template, add syntax="format" or '
        'syntax="literal" to the prompt marker',
    )
    extended.path, extended.line = error.path, error.line
    return extended
