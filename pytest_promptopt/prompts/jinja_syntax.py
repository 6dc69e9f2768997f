"""Jinja templates: the syntax with annotations, includes and a project environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts.annotations import (
    ROLES,
    check_invisible,
    find_marks,
    find_spans,
)
from pytest_promptopt.prompts.constructs import compare_constructs
from pytest_promptopt.prompts.environment import role_lines_in_captures
from pytest_promptopt.prompts.example_region import check_pattern
from pytest_promptopt.prompts.includes import read_includes
from pytest_promptopt.prompts.jinja_parsing import (
    free_variables,
    parse_template,
    placed_errors,
)
from pytest_promptopt.prompts.messages import Renderer
from pytest_promptopt.prompts.pieces import split_pieces
from pytest_promptopt.prompts.project_environment import PLAIN, ProjectEnvironment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.annotations import Mark, Span
    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.source import Include, Source
    from pytest_promptopt.prompts.syntaxes import Render


@dataclass(frozen=True, slots=True, kw_only=True)
class JinjaSyntax:
    """Jinja as the project writes it.

    Attributes:
        environment: The project's environment.
    """

    environment: ProjectEnvironment = PLAIN

    def variables(self, source: Source) -> frozenset[str]:
        """Return the variables taken from outside, includes counted.

        Raises:
            TemplateError: It is no template, or uses what does not exist.
        """
        return free_variables(source, self.environment)

    def renderer(self, source: Source) -> Render:
        """Compile a source.

        Raises:
            TemplateError: It does not compile.
        """
        return Renderer(source, self.environment).render

    def spans(self, source: Source) -> tuple[Span, ...]:
        """Return the annotated regions, in order.

        Raises:
            TemplateError: Annotations are misused, or the source is empty.
        """
        dialect = self.environment.dialect
        with placed_errors(source.text, source.path, source.line_in_file, dialect):
            pieces = split_pieces(source.text, dialect)
            marks = find_marks(pieces)
            spans = find_spans(source.text, marks)
            check_invisible(source.text, marks, dialect)
            for span in spans:
                check_pattern(span, dialect)
        if not any(piece.kind != "comment" and piece.inner.strip() for piece in pieces):
            raise TemplateError.at(
                source.path,
                source.line,
                "the prompt is empty",
                "write a prompt into it",
            )
        self._check_roles(source, marks)
        return spans

    def _check_roles(self, source: Source, marks: Sequence[Mark]) -> None:
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
        tree = parse_template(
            source.text, source.path, source.line_in_file, self.environment
        )
        for line in role_lines_in_captures(tree):
            raise TemplateError.at(
                source.path,
                source.line_in_file(line),
                "a message starts inside a macro, call, filter or set block, whose "
                "text is a value",
                "move the annotation out of the block",
            )

    def has_own_text(self, text: str) -> bool:
        """Tell whether there is more than constructs and punctuation."""
        return any(
            piece.kind == "data" and any(map(str.isalnum, piece.inner))
            for piece in split_pieces(text, self.environment.dialect)
        )

    def fixed(self, text: str) -> list[str]:
        """Return the expressions and statements of a text."""
        return [
            " ".join((piece.opener + piece.inner + piece.closer).split())
            for piece in split_pieces(text, self.environment.dialect)
            if piece.kind not in ("data", "comment")
        ]

    def compare(self, old: str, new: str) -> str | None:
        """Say how a text's constructs differ from those of the text it replaces."""
        return compare_constructs(old, new, self.environment.dialect)

    def includes(
        self, source: Source, folders: Sequence[Path], files: Files
    ) -> Mapping[str, Include]:
        """Read every template that the source needs.

        Raises:
            TemplateError: The source is no template, or needs one that is not there.
        """
        tree = parse_template(
            source.text, source.path, source.line_in_file, self.environment
        )
        return read_includes(
            tree, source.path, folders, source.line_in_file, files, self.environment
        )
