"""Prompts kept in TOML files, among other values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import tomli
import tomlkit
from tomlkit.exceptions import TOMLKitError

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.document import Value, missing
from pytest_promptopt.prompts.key_path import spelt
from pytest_promptopt.prompts.source import Source
from pytest_promptopt.prompts.splice import Splice
from pytest_promptopt.prompts.toml_string import (
    reads_as,
    starts_on_next_line,
    toml_strings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_promptopt.prompts.file_text import FileText
    from pytest_promptopt.prompts.key_path import Steps
    from pytest_promptopt.prompts.source import SourceRole

_POSITION = re.compile(r" \(at line (\d+), column \d+\)$")
_LINE_END = re.compile(r"\r\n|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlDocument:
    """A TOML file, parsed.

    Attributes:
        path: The file.
        file: Its text.
        data: What it holds.
    """

    path: Path
    file: FileText
    data: dict[str, Any]

    @classmethod
    def parse(cls, path: Path, file: FileText) -> TomlDocument:
        """Parse a file.

        Raises:
            SourceError: It is no TOML.
        """
        try:
            data = tomli.loads(file.text)
        except (ValueError, RecursionError) as error:
            found = _POSITION.search(str(error))
            raise SourceError.at(
                path,
                int(found[1]) if found else None,
                f"the file is no TOML: {_POSITION.sub('', str(error))}",
                "correct the TOML file",
            ) from None
        return cls(path=path, file=file, data=data)

    def name(self, steps: Steps) -> str:
        """Return what follows the colon of the key of a place."""
        return spelt(steps)

    def value(self, steps: Steps) -> Value:
        """Return what stands at a place.

        Raises:
            SourceError: Nothing does.
        """
        found: Any = self.data
        for at, step in enumerate(steps):
            owner = found
            if isinstance(owner, dict) and step in owner:
                found = owner[step]
            elif isinstance(owner, list) and _is_position(step, len(owner)):
                found = owner[int(step)]
            else:
                raise missing(self, _value(owner, None), steps[:at], step)
        return _value(found, None if _is_container(found) else self._line(steps))

    def source(self, role: SourceRole, key: str, steps: Steps) -> Source:
        """Return the source that the text at a place is.

        Raises:
            SourceError: Where it stands in the file cannot be told.
        """
        text = self.value(steps).text
        span = self._span(steps)
        written = self.file.raw[span[0] : span[1]] if span else ""
        if span is None or not reads_as(written.replace("\r\n", "\n"), text):
            raise SourceError.at(
                self.path,
                None,
                f"where {self.name(steps)!r} stands in the file cannot be told",
                "write it in a table of its own, in one string",
            )
        below = starts_on_next_line(written)
        lines = len(_LINE_END.findall(written)) - below
        return Source(
            role=role,
            key=key,
            path=self.path,
            text=text,
            line=self.file.line_of_raw(span[0]) + below,
            straight="\n" not in text or lines == text.count("\n"),
            place=Splice(
                path=self.path,
                file=self.file,
                name=self.name(steps),
                start=self.file.byte_of_raw(span[0]),
                end=self.file.byte_of_raw(span[1]),
                text=text,
                writings=partial(_writings, written),
                reads_as=partial(self._reads_as, steps),
            ),
        )

    def _line(self, steps: Steps) -> int | None:
        span = self._span(steps)
        return self.file.line_of_raw(span[0]) if span else None

    def _span(self, steps: Steps) -> tuple[int, int] | None:
        """Return where a value stands in ``file.raw``, in characters."""
        raw = self.file.raw
        mark = "promptopt"
        while mark in raw:
            mark += "_"
        # What is written when the value is exchanged and what was differ just there.
        try:
            document = tomlkit.parse(raw)
            owner: Any = document
            for step in steps[:-1]:
                owner = owner[int(step) if isinstance(owner, list) else step]
            last = steps[-1]
            owner[int(last) if isinstance(owner, list) else last] = mark
            written = document.as_string()
        except (TOMLKitError, KeyError, TypeError, ValueError, IndexError):
            return None
        before, found, behind = written.partition(f'"{mark}"')
        end = len(raw) - len(behind)
        exact = raw.startswith(before) and raw.endswith(behind) and len(before) < end
        return (len(before), end) if found and exact else None

    def _reads_as(self, steps: Steps, file: FileText, text: str) -> bool:
        try:
            again = TomlDocument.parse(self.path, file)
        except SourceError:
            return False
        return bool(again.data == _exchanged(self.data, steps, text))


def _is_container(found: Any) -> bool:
    return isinstance(found, (dict, list))


def _is_position(step: str, length: int) -> bool:
    return step.isdecimal() and int(step) < length


def _value(found: Any, line: int | None) -> Value:
    if isinstance(found, str):
        return Value(kind="text", line=line, text=found)
    if isinstance(found, dict):
        return Value(kind="table", line=line, names=tuple(found))
    if isinstance(found, list):
        return Value(kind="list", line=line, length=len(found))
    shown = str(found).lower() if isinstance(found, bool) else str(found)
    return Value(
        kind="other",
        line=line,
        said=f"{shown}, not text",
        hint="put it into quotes",
    )


def _exchanged(data: Any, steps: Steps, text: str) -> Any:
    if not steps:
        return text
    step, *rest = steps
    if isinstance(data, list):
        at = int(step)
        return [*data[:at], _exchanged(data[at], tuple(rest), text), *data[at + 1 :]]
    return {**data, step: _exchanged(data[step], tuple(rest), text)}


def _writings(written: str, text: str) -> Iterator[str]:
    for string in toml_strings(written, text):
        # A string that ended early would let the rest become other values.
        if reads_as(string, text):
            yield string
