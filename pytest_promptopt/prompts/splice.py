"""A text that is one value among others in a file, and how it is exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.file_text import FileText
from pytest_promptopt.prompts.source import apply_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.source import Change
    from pytest_promptopt.records import Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    r"""The place of a text that is written as a value of some notation.

    Attributes:
        path: The file.
        file: Its text.
        name: What messages call the place.
        start: Offset of the first byte of the value as it is written.
        end: Offset behind its last.
        text: The text that it stands for.
        writings: Returns ways to write a text in its stead, the best first, with
            ``\n`` line ends.
        reads_as: Tells whether the edited file holds a text there, and all else that
            it held before.
    """

    path: Path
    file: FileText
    name: str
    start: int
    end: int
    text: str
    writings: Callable[[str], Iterable[str]]
    reads_as: Callable[[FileText, str], bool]

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """Return one edit, of the value and of nothing beside it.

        Raises:
            SourceError: No way to write the new text is read back as it.
        """
        new = apply_changes(self.text, changes)
        self._check_characters(new)
        for written in self.writings(new):
            replacement = written.replace("\n", self.file.newline)
            if self._holds(replacement, new):
                from pytest_promptopt.records import Edit

                return (
                    Edit(
                        path=str(self.path),
                        sha256=self.file.sha256,
                        start=self.start,
                        end=self.end,
                        replacement=replacement,
                    ),
                )
        raise SourceError.at(
            self.path,
            None,
            f"the new text of {self.name} cannot be written there so that it is read "
            "back unchanged",
            "leave out white space at the start of its lines",
        )

    def _check_characters(self, new: str) -> None:
        try:
            new.encode("utf-8")
        except UnicodeEncodeError as error:
            raise SourceError.at(
                self.path,
                None,
                f"the new text of {self.name} has {new[error.start]!r}, which is not "
                "a character",
                "leave it out",
            ) from None

    def _holds(self, replacement: str, new: str) -> bool:
        data = self.file.data
        edited = data[: self.start] + replacement.encode("utf-8") + data[self.end :]
        return self.reads_as(FileText.decode(edited, self.path), new)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnly:
    """The place of a text that can be scored and gated, and not be rewritten.

    Attributes:
        path: The file.
        line: Line of the file, from 1.
        problem: Why not.
        hint: What makes it a place that can be.
    """

    path: Path
    line: int | None
    problem: str
    hint: str

    @property
    def refusal(self) -> SourceError:
        """The error that a search there ends with, best before it starts."""
        return SourceError.at(self.path, self.line, self.problem, self.hint)

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """Refuse every change.

        Raises:
            SourceError: Always.
        """
        del changes
        raise self.refusal
