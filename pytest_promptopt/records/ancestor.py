"""Where a candidate comes from, one forebear at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor(Record):
    """A candidate in the line from the start to what a search found.

    Attributes:
        key: Identity of its texts, 12 hexadecimal digits.
        operator: What made it, in a word or two; ``"start"`` for the incumbent, empty
            where the strategy did not say.
        parents: Keys of the candidates that it was made from; the first of them is
            the one before it in the line.
        region: Address of the region that was rewritten; empty for several, and for
            the start.
        mean: Train score over all train cases, one trial each, in [0, 1]; ``None`` if
            it was not scored on all of them.
        step: The step it came up in, 0 for the seeds.
    """

    key: str
    operator: str = ""
    parents: tuple[str, ...] = ()
    region: str = ""
    mean: float | None = None
    step: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ancestor:
        """Rebuild an ancestor written by :meth:`to_json`."""
        return cls(**{**data, "parents": tuple(data["parents"])})
