"""Templates of ``str.format``: ``{name}`` is an input, ``{{`` a brace."""

from __future__ import annotations

import functools
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts.environment import OUTPUT_LIMIT
from pytest_promptopt.prompts.format_fields import Field, FieldError, split_fields
from pytest_promptopt.prompts.jinja_parsing import check_length
from pytest_promptopt.prompts.messages import hint_missing
from pytest_promptopt.records import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.annotations import Span
    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.source import Include, Source
    from pytest_promptopt.prompts.syntaxes import Render


class FormatSyntax:
    """A text with fields, all of which may be rewritten but the fields."""

    def variables(self, source: Source) -> frozenset[str]:
        """Return the names of the fields.

        Raises:
            TemplateError: A brace is no usable field.
        """
        return frozenset(
            part.name for part in _parts(source) if isinstance(part, Field)
        )

    def renderer(self, source: Source) -> Render:
        """Return what renders the source, once its fields are read.

        Raises:
            TemplateError: A brace is no usable field.
        """
        return functools.partial(_render, source, _parts(source))

    def spans(self, source: Source) -> tuple[Span, ...]:
        """Return none: the annotations of regions are Jinja comments.

        Raises:
            TemplateError: The text is empty.
        """
        check_not_empty(source)
        return ()

    def has_own_text(self, text: str) -> bool:
        """Tell whether there is more than fields and punctuation."""
        return any(
            isinstance(part, str) and any(map(str.isalnum, part))
            for part in split_fields(text)
        )

    def fixed(self, text: str) -> list[str]:
        """Return the fields of a text."""
        return list(_written(text).elements())

    def compare(self, old: str, new: str) -> str | None:
        """Say how the fields of a text differ from those of the one it replaces.

        They may change places; a brace that the model shall read has to be doubled.
        """
        try:
            had, has = _written(old), _written(new)
        except FieldError as error:
            return "added a variable" if error.is_field else "unbalanced delimiters"
        lost, added = had - has, has - had
        if lost and added:
            return "changed a variable"
        if lost or added:
            return f"{'lost' if lost else 'added'} a variable"
        return None

    def includes(
        self, source: Source, folders: Sequence[Path], files: Files
    ) -> Mapping[str, Include]:
        """Return none: there is no way to write one."""
        del source, folders, files
        return {}


def check_not_empty(source: Source) -> None:
    """Refuse a source that says nothing.

    Raises:
        TemplateError: It has nothing but white space.
    """
    if not source.text.strip():
        raise TemplateError.at(
            source.path, source.line, "the prompt is empty", "write a prompt into it"
        )


def _written(text: str) -> Counter[str]:
    return Counter(
        part.written for part in split_fields(text) if isinstance(part, Field)
    )


@contextmanager
def _placed_fields(source: Source) -> Iterator[None]:
    try:
        yield
    except FieldError as error:
        raise TemplateError.at(
            source.path, source.line_at(error.offset), error.problem, error.hint
        ) from None


def _parts(source: Source) -> tuple[str | Field, ...]:
    check_length(source.text, source.path)
    with _placed_fields(source):
        return split_fields(source.text)


def _render(
    source: Source, parts: Sequence[str | Field], inputs: Mapping[str, Any]
) -> tuple[Message, ...]:
    written: list[str] = []
    length = 0
    for part in parts:
        text = part if isinstance(part, str) else _insert(source, part, inputs)
        length += len(text)
        if length > OUTPUT_LIMIT:
            raise TemplateError.at(
                source.path,
                source.line,
                f"refused: it renders more than {OUTPUT_LIMIT:,} characters",
                "shorten the text",
            )
        written.append(text)
    return (Message(role=source.role or "user", content="".join(written)),)


def _insert(source: Source, field: Field, inputs: Mapping[str, Any]) -> str:
    line = source.line_at(field.start)
    if field.name not in inputs:
        raise TemplateError.at(
            source.path,
            line,
            f"{field.name!r} is undefined",
            hint_missing(field.name, inputs, "add the field to the case"),
        )
    value = inputs[field.name]
    try:
        return field.insert(value)
    except Exception as error:  # a value may format itself
        raise TemplateError.at(
            source.path,
            line,
            f"{field.written!r} cannot show {_short(value)}: {error}",
            f"write {{{field.name}}}, or correct the case's input",
        ) from error


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
