"""What a candidate scored in a search, for its curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateScore(Record):
    """The score of one candidate on train or hold-out cases.

    Attributes:
        key: Identity of its texts, 12 hexadecimal digits.
        step: The step it came up in, 0 for the seeds.
        mean: Mean score over the cases that it was scored on, in [0, 1].
        cases: How many these are; fewer than all where it was given up early.
        calls: Model calls of the search so far, replays included.
        holdout: Whether these are hold-out cases; else the search was tuned on them.
        origin: What made it, in a word or two; empty where nobody said.
    """

    key: str
    step: int
    mean: float
    cases: int
    calls: int
    holdout: bool = False
    origin: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CandidateScore:
        """Rebuild a score written by :meth:`to_json`."""
        return cls(**data)
