"""How the text of a prompt differs from the one that it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChange(Record):
    """One source, or a file that it includes, that an edit changed.

    Attributes:
        label: What messages call it: ``"prompts/triage.j2"``.
        path: Its file, relative to pytest's root folder with ``/``; empty if it is in
            no file below that.
        line: Line of the first change in that file as it is now, from 1; 0 if it is
            not known.
        removed: The first line that is gone; empty if none is.
        added: The line that stands there now; empty if none does.
        diff: Unified diff of the two texts, without file names; every line ends in a
            line feed.
    """

    label: str
    path: str = ""
    line: int = 0
    removed: str = ""
    added: str = ""
    diff: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SourceChange:
        """Rebuild a change written by :meth:`to_json`."""
        return cls(**data)
