"""The committed record of a prompt test, as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineCase(Record):
    """How one case did when the baseline was recorded.

    Attributes:
        id: Id of the case.
        hash: Identity of its content, :attr:`Case.hash`.
        values: Score of each trial in [0, 1]; ``None`` for an unscored one.
        must_pass: Whether the case alone can fail the build.
        weight: Share in the mean, above 0.
        finish_reasons: One per trial, or empty if all were ``"stop"``.
    """

    id: str
    hash: str
    values: tuple[float | None, ...]
    must_pass: bool = False
    weight: float = 1.0
    finish_reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.weight > 0 and math.isfinite(self.weight)):
            raise ValueError(f"weight {self.weight!r} is not above 0")
        for value in self.scores:
            if not 0.0 <= value <= 1.0:  # also refuses NaN
                raise ValueError(f"score {value!r} is not in [0, 1]")

    @property
    def scores(self) -> tuple[float, ...]:
        """The scores of the trials that have one."""
        return tuple(value for value in self.values if value is not None)

    @property
    def always_right(self) -> bool:
        """Whether every trial was fully right."""
        return bool(self.values) and all(value == 1.0 for value in self.values)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BaselineCase:
        """Rebuild a case written by :meth:`to_json`."""
        values = tuple(None if x is None else float(x) for x in data["values"])
        reasons = tuple(data.get("finish_reasons", ()))
        return cls(**{**data, "values": values, "finish_reasons": reasons})


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline(Record):
    """What a prompt test scored when somebody last said that it is good.

    Attributes:
        prompt: The prompt with its includes, as ``Prompt.snapshot()`` gives it.
        request: Model settings that were sent.
        model: Name of the task model.
        model_ids: What the provider reported, sorted; several if it changed.
        fingerprint: Identity of everything that decides the scores.
        parts: Digest of each part of it, so that a change can be named.
        date: Day of the recording, ISO 8601.
        run: Facts about the run that recorded it.
        reason: Why a worse score was accepted, if it was.
        cases: One entry per case, in the order of the case file; ids are unique.
    """

    prompt: Mapping[str, Any]
    request: Mapping[str, Any]
    model: str
    fingerprint: str
    date: str
    cases: tuple[BaselineCase, ...]
    model_ids: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None

    def changed_parts(self, parts: Mapping[str, str]) -> tuple[str, ...]:
        """Return the names of the parts whose digest differs, sorted."""
        names = {*self.parts, *parts}
        return tuple(
            sorted(name for name in names if self.parts.get(name) != parts.get(name))
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Baseline:
        """Rebuild a baseline written by :meth:`to_json`."""
        cases = tuple(BaselineCase.from_json(entry) for entry in data["cases"])
        model_ids = tuple(data.get("model_ids", ()))
        return cls(**{**data, "cases": cases, "model_ids": model_ids})
