"""One source of a prompt: its template text, where it stands, how it is edited."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_promptopt.records import Edit

SourceRole = Literal["", "system", "user", "assistant"]
SyntaxName = Literal["", "jinja", "format", "literal"]

if TYPE_CHECKING:
    Places = Mapping[str, str | Mapping[str, str]]
    """Message role to place; of prompts with names, name to such a mapping."""

    Syntaxes = SyntaxName | Mapping[str, SyntaxName | Mapping[str, SyntaxName]]
    """What all sources are written in; or that by role, or by name of a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    r"""A stretch of a template's text and what replaces it.

    Attributes:
        start: Offset of the first character replaced.
        end: Offset behind the last.
        text: The new text, with ``\n`` line ends.
    """

    start: int
    end: int
    text: str


def apply_changes(text: str, changes: Sequence[Change]) -> str:
    """Return the text with changes made; they are in order and do not overlap."""
    parts = []
    position = 0
    for change in changes:
        parts += [text[position : change.start], change.text]
        position = change.end
    return "".join([*parts, text[position:]])


class Place(Protocol):
    """Where a source's text is kept; one class for each kind of place."""

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """Return byte edits of files that make these changes to the text.

        Args:
            changes: In order, not overlapping, at least one.

        Raises:
            SourceError: The place cannot hold the new text.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """A template that a source includes, extends or imports, also at second hand."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    r"""One source of a prompt.

    Attributes:
        role: Role of the message that it is; empty if its annotations say so, or
            nothing: then it is one user message.
        key: The place as the user wrote it, with ``/`` separators.
        path: Absolute path of the file; of a recorded source, the key.
        text: The template's text, with ``\n`` line ends, no byte order mark.
        line: Line of ``path`` on which the text starts, from 1.
        straight: Whether line n of the text is line ``line + n - 1`` of the file.
        includes: Included templates by the name they are included by.
        place: How the text is edited; ``None`` if it is not from a file.
        syntax: What the text is written in; empty if its place does not say, which is
            Jinja unless whoever loads it finds something else.
        label: Name of a text that a hook supplied, which has no place: a new text is
            written to a file of its own. Empty for all others.
        version: What that hook says about the version; empty if it says nothing.
        request: Model settings that stand beside the text, as a request names them.
        model: Name of the model that stands beside the text.
        name: Name of the prompt that it belongs to, where a prompt test has several;
            empty where it has one, without a name.
    """

    role: SourceRole
    key: str
    path: Path
    text: str
    line: int = 1
    straight: bool = True
    includes: Mapping[str, Include] = field(default_factory=dict)
    place: Place | None = None
    syntax: SyntaxName = ""
    label: str = ""
    version: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    name: str = ""

    @property
    def is_jinja(self) -> bool:
        """Whether the text is a Jinja template, said or not."""
        return self.syntax in ("", "jinja")

    def line_in_file(self, line: int) -> int:
        """Turn a line of the text, from 1, into a line of the file."""
        return self.line + line - 1 if self.straight else self.line

    def line_at(self, offset: int) -> int:
        """Turn an offset in the text, in characters, into a line of the file."""
        return self.line_in_file(self.text.count("\n", 0, offset) + 1)
