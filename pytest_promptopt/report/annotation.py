"""Annotations of a pull request: workflow commands that GitHub reads from the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pytest_promptopt.report.plain import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A sentence at a place of the repository.

    Attributes:
        level: How GitHub marks it.
        file: Path from the top of the repository; empty: no place.
        line: Line in the file, from 1; 0 if it is not known.
        title: Short text above the other one; may be empty.
        text: What is said.
    """

    level: Literal["notice", "warning", "error"]
    file: str = ""
    line: int = 0
    title: str = ""
    text: str

    def command(self) -> str:
        """Write the workflow command, on one line.

        Whatever the texts hold, they cannot end the command, change its place or start
        another one.

        Source:
            GitHub Docs, "Workflow commands for GitHub Actions"; the escapes are those
            of ``escapeData`` and ``escapeProperty`` in actions/toolkit,
            ``packages/core/src/command.ts``.
        """
        properties = []
        if self.file:
            properties.append(f"file={_property(self.file)}")
            if self.line > 0:
                properties.append(f"line={self.line}")
        if self.title:
            properties.append(f"title={_property(self.title)}")
        place = f" {','.join(properties)}" if properties else ""
        return f"::{self.level}{place}::{_data(self.text)}"


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    # What is left: terminal escapes, other line ends, commands of other runners.
    return plain(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
