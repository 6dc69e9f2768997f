"""One case of a prompt test as a report shows it: both arms, trial by trial."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.base import Record
from pytest_promptopt.records.evaluation import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetail(Record):
    """How a case did in both arms.

    Where only ids may be shown, inputs, the right answer, replies and reasons are
    empty, and ``withheld`` says so.

    Attributes:
        case_id: Id of the case.
        place: ``file:line`` of the case; empty if it has none.
        inputs: Name of each template variable to its value as text.
        expected: The right answer as text; empty if the case has none.
        tags: Labels of the case.
        must_pass: Whether the case alone can fail the build.
        weight: Share in the mean, above 0.
        was: Mean score in the baseline arm or in the record, in [0, 1]; ``None``
            without one.
        now: Mean score in the arm under test; ``None`` if nothing was scored.
        before: The baseline arm's trials; empty if none were drawn in this run.
        after: The trials of the arm under test; empty where a record was carried over.
        withheld: Whether texts of the case were left out on purpose.
    """

    case_id: str
    place: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    expected: str = ""
    tags: tuple[str, ...] = ()
    must_pass: bool = False
    weight: float = 1.0
    was: float | None = None
    now: float | None = None
    before: tuple[Trial, ...] = ()
    after: tuple[Trial, ...] = ()
    withheld: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CaseDetail:
        """Rebuild a detail written by :meth:`to_json`."""
        return cls(
            **{
                **data,
                "tags": tuple(data["tags"]),
                "before": tuple(map(Trial.from_json, data["before"])),
                "after": tuple(map(Trial.from_json, data["after"])),
            }
        )
