"""Prompts without variables: the text is sent as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.prompts.format_syntax import check_not_empty
from pytest_promptopt.prompts.jinja_parsing import check_length
from pytest_promptopt.records import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.annotations import Span
    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.source import Include, Source
    from pytest_promptopt.prompts.syntaxes import Render


class LiteralSyntax:
    """A text in which no character means anything but itself."""

    def variables(self, source: Source) -> frozenset[str]:
        """Return none."""
        check_length(source.text, source.path)
        return frozenset()

    def renderer(self, source: Source) -> Render:
        """Return what gives the text, whatever the inputs."""
        message = Message(role=source.role or "user", content=source.text)

        def render(inputs: Mapping[str, Any]) -> tuple[Message, ...]:
            del inputs
            return (message,)

        return render

    def spans(self, source: Source) -> tuple[Span, ...]:
        """Return none: the annotations of regions are Jinja comments.

        Raises:
            TemplateError: The text is empty.
        """
        check_not_empty(source)
        return ()

    def has_own_text(self, text: str) -> bool:
        """Tell whether there is more than punctuation."""
        return any(map(str.isalnum, text))

    def fixed(self, text: str) -> list[str]:
        """Return nothing."""
        del text
        return []

    def compare(self, old: str, new: str) -> str | None:
        """Find nothing to keep."""
        del old, new
        return None

    def includes(
        self, source: Source, folders: Sequence[Path], files: Files
    ) -> Mapping[str, Include]:
        """Return none: there is no way to write one."""
        del source, folders, files
        return {}
