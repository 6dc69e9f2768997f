"""What a gain is made of: replies that can be read, and answers that are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class GainSplit(Record):
    """A hold-out gain in four parts, each a share of the accuracy; they sum to it.

    Attributes:
        became_parseable: Gained by replies from which an answer can be read now, 0 or
            more.
        became_right: Gained by right answers where an answer could be read before, 0
            or more.
        lost_parse: Lost by replies from which none can be read any more, 0 or less.
        became_wrong: Lost by wrong answers where one can still be read, 0 or less.
        cases: Hold-out cases in which more or fewer replies can be read than before.
    """

    became_parseable: float
    became_right: float
    lost_parse: float
    became_wrong: float
    cases: int

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GainSplit:
        """Rebuild a split written by :meth:`to_json`."""
        return cls(**data)
