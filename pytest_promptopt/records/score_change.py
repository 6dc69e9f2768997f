"""A case whose score a proposal changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreChange(Record):
    """How a case fares with a proposal; it holds nothing of the case but its name.

    Attributes:
        case_id: Id of the case.
        place: ``file:line`` of the case; empty if it has none.
        was: Mean score of the incumbent's trials, in [0, 1].
        now: Mean score of the proposal's trials, in [0, 1].
        holdout: Whether it is a hold-out case; else the search was tuned on it.
        must_pass: Whether the case alone can fail the build.
    """

    case_id: str
    place: str = ""
    was: float
    now: float
    holdout: bool = True
    must_pass: bool = False

    @property
    def gain(self) -> float:
        """What it gains, as a share."""
        return self.now - self.was

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ScoreChange:
        """Rebuild a change written by :meth:`to_json`."""
        return cls(**data)
