"""A model that the gate or a search has sent text to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal["task", "optimizer", "judge", "embeddings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient(Record):
    """A model that the gate or a search has sent text to.

    Attributes:
        model: Its name.
        role: What it is asked for: the replies that are scored, new texts, scores, or
            which texts are alike.
        host: The computer that it is on; empty for one in this process.
    """

    model: str
    role: Role
    host: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recipient:
        """Rebuild a recipient written by :meth:`to_json`."""
        return cls(**data)
