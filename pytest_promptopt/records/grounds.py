"""What a verdict rests on: changed cases, tags, limits, redrawn replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange(Record):
    """A case that one arm does better than the other.

    Attributes:
        case_id: Id of the case.
        place: ``file:line`` of the case.
        expected: The right answer as text.
        got: The arm's reply that shows the change, as text.
        before: The baseline arm's reply, as text.
        was: Mean score in the baseline arm, in [0, 1].
        now: Mean score in the edited arm, in [0, 1].
        reason: Why the reply is not right.
        finish_reason: Why that reply ended, as in :class:`Completion`.
        tags: Labels of the case.
        must_pass: Whether the case alone can fail the build.
        flaky: Whether its recorded trials disagree.
    """

    case_id: str
    place: str
    expected: str
    got: str
    before: str
    was: float
    now: float
    reason: str = ""
    finish_reason: str = "stop"
    tags: tuple[str, ...] = ()
    must_pass: bool = False
    flaky: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CaseChange:
        """Rebuild a change written by :meth:`to_json`."""
        return cls(**{**data, "tags": tuple(data["tags"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class TagAccuracy(Record):
    """The accuracy of the cases that have one tag.

    Attributes:
        tag: The tag.
        cases: How many compared or scored cases have it.
        was: Weighted mean score in the baseline arm, in [0, 1]; ``None`` without one.
        now: The same of the arm under test.
    """

    tag: str
    cases: int
    was: float | None
    now: float

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TagAccuracy:
        """Rebuild an accuracy written by :meth:`to_json`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCheck(Record):
    """One part of the scores, such as tokens, held against its limit.

    Attributes:
        part: Name of the part: ``"tokens"``, ``"latency"``, ``"format"``.
        limit: The limit as it is written: ``"+10%"``.
        was: Weighted mean in the baseline arm, in the part's own unit.
        now: The same in the edited arm.
        p_value: One-sided p of "the limit is kept".
        held_against: What the p-value was held against.
        state: ``"kept"``, ``"exceeded"`` or ``"unclear"``.
    """

    part: str
    limit: str
    was: float
    now: float
    p_value: float
    held_against: float
    state: Literal["kept", "exceeded", "unclear"]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LimitCheck:
        """Rebuild a check written by :meth:`to_json`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redraw(Record):
    """A case's recorded scores beside fresh ones of the very same requests.

    Attributes:
        weight: Share in the mean, above 0.
        recorded: Scores in the baseline record, in [0, 1]; not empty.
        fresh: Scores of this run; not empty.
    """

    weight: float
    recorded: tuple[float, ...]
    fresh: tuple[float, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Redraw:
        """Rebuild a redraw written by :meth:`to_json`."""
        return cls(
            weight=data["weight"],
            recorded=tuple(data["recorded"]),
            fresh=tuple(data["fresh"]),
        )
