"""How much shorter a proposal is, where that was the aim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortening(Record):
    """How much shorter a prompt is that behaves the same.

    Attributes:
        before: Tokens of the texts it replaces, estimated from their length.
        after: Tokens of the new texts, estimated alike.
        margin: What the accuracy may lose at most, as a share: the p of the proposal
            is that of a loss as large as this.
    """

    before: int
    after: int
    margin: float

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shortening:
        """Rebuild one written by :meth:`to_json`."""
        return cls(**data)
