"""What a prompt is measured by: case, score, trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_promptopt.records.base import Record, digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Record):
    """One eval case.

    Attributes:
        id: Unique among the cases of a prompt test.
        inputs: The template variables: every field that has no meaning of its own.
        expected: The right answer, any JSON value; never visible to a template.
        has_expected: Whether the case says what is right (``expected`` may be null).
        must_pass: Whether this case alone can fail the build.
        tags: Labels to report accuracy by.
        weight: Share in the mean, above 0.
        group: Cases of one group go to the same side of the split.
        split: ``"train"`` or ``"holdout"`` if the author decided it.
        place: ``file:line``, for messages; not part of the case's identity.
    """

    id: str
    inputs: Mapping[str, Any]
    expected: Any = None
    has_expected: bool = True
    must_pass: bool = False
    tags: tuple[str, ...] = ()
    weight: float = 1.0
    group: str | None = None
    split: Literal["train", "holdout"] | None = None
    place: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not (self.weight > 0 and math.isfinite(self.weight)):
            raise ValueError(f"case {self.id!r}: weight {self.weight!r} is not above 0")

    def __getitem__(self, name: str) -> Any:
        return self.inputs[name]

    @property
    def hash(self) -> str:
        """Identity of the content: inputs, expected and weight, not id or place."""
        expected = [self.expected] if self.has_expected else []
        return digest([dict(self.inputs), expected, self.weight, self.must_pass])

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Case:
        """Rebuild a case written by :meth:`to_json`."""
        return cls(**{**data, "tags": tuple(data["tags"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Record):
    """How right one reply was.

    Attributes:
        value: From 0.0 (wrong) to 1.0 (right), or ``None``: unscored.
        reason: Why it is not 1.0, in a sentence or less.
        parts: Named scores that explain the value, each in [0, 1].
        parsed: Whether an answer could be read from the reply, right or wrong; true
            where nobody can tell.
    """

    value: float | None
    reason: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    parsed: bool = True

    def __post_init__(self) -> None:
        for name, share in [("value", self.value), *self.parts.items()]:
            if share is not None and not 0.0 <= share <= 1.0:  # also refuses NaN
                raise ValueError(f"score {name} {share!r} is not in [0, 1]")
        if self.value is None and not self.reason:
            raise ValueError("an unscored reply needs a reason")

    @classmethod
    def unscored(cls, reason: str) -> Score:
        """Say that there is no verdict on a reply, and why; not the same as 0."""
        return cls(value=None, reason=reason)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Score:
        """Rebuild a score written by :meth:`to_json`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(Record):
    """One of k repeated replies to a case, scored.

    Attributes:
        score: Its score; unscored where ``missing`` is set.
        output: The reply's text.
        finish_reason: As in :class:`Completion`; ``"stop"`` where no reply was seen.
        missing: Why no reply came (provider, budget, ...): never a wrong answer.
        measures: What a limit may be set on, by name: the score's parts, and
            ``"tokens"``, ``"output_tokens"``, ``"length"`` (characters), ``"latency"``
            (seconds), ``"cost"`` (US dollars) as far as they are known.
    """

    score: Score
    output: str = ""
    finish_reason: str = "stop"
    missing: str | None = None
    measures: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.missing is not None and self.score.value is not None:
            raise ValueError(f"a missing trial has no score, got {self.score.value}")

    @classmethod
    def lost(cls, why: str) -> Trial:
        """Record that no reply came."""
        return cls(score=Score.unscored(why), missing=why)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trial:
        """Rebuild a trial written by :meth:`to_json`."""
        return cls(**{**data, "score": Score.from_json(data["score"])})


Trials = Mapping[str, "tuple[Trial, ...]"]
"""The trials of one arm, by case id, in the order of the cases."""
