"""Prompts kept in Jinja2 files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.file_text import FileText
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.prompts.finding import find_file
from pytest_promptopt.prompts.source import Source, apply_changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.source import Change, SourceRole
    from pytest_promptopt.records import Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFile:
    """The place of a text that is all of a file."""

    path: Path
    file: FileText

    def edits(self, changes: Sequence[Change]) -> tuple[Edit, ...]:
        """Return one edit per change, in the file's own line ends.

        Raises:
            SourceError: The new text cannot be written as UTF-8 or would read
                differently.
        """
        edits = tuple(self._edit(change) for change in changes)
        data = self.file.data
        for edit in reversed(edits):
            replacement = edit.replacement.encode("utf-8")
            data = data[: edit.start] + replacement + data[edit.end :]
        written = FileText.decode(data, self.path).text
        if written != apply_changes(self.file.text, changes):
            raise SourceError.at(
                self.path,
                None,
                "the new text would not be read back as it was written",
                "leave out line breaks other than '\\n'",
            )
        return edits

    def _edit(self, change: Change) -> Edit:
        try:
            change.text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise SourceError.at(
                self.path,
                None,
                f"the new text has {change.text[error.start]!r}, which is not a "
                "character",
                "leave it out",
            ) from None
        from pytest_promptopt.records import Edit

        return Edit(
            path=str(self.path),
            sha256=self.file.sha256,
            start=self.file.byte_offset(change.start),
            end=self.file.byte_offset(change.end),
            replacement=change.text.replace("\n", self.file.newline),
        )


def read_jinja_file(
    role: SourceRole, key: str, roots: Sequence[Path], files: Files = DISK
) -> Source:
    """Read a template file.

    Args:
        role: Role of the message that it is; empty if its annotations say so.
        key: Its path as the user wrote it.
        roots: Folders that a relative path is tried in.
        files: Where it is read.

    Raises:
        SourceError: There is no such file, or it is not UTF-8.
    """
    path = find_file(key, roots, files)
    file = FileText.read(path, files)
    return Source(
        role=role,
        key=Path(key).as_posix(),
        path=path,
        text=file.text,
        place=WholeFile(path=path, file=file),
    )
