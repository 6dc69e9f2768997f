"""What it would take to settle a verdict that could not be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed(Record):
    """How many cases, or trials of each, would settle an inconclusive verdict.

    Attributes:
        cases: Cases in all that would do, with as many trials each as before;
            ``None``: no number that is worth naming.
        trials: Trials of each case and arm that would do with the cases there are;
            ``None``: no number would, since the cases differ too much.
        cases_calls: Model calls that this many cases take, both arms.
        trials_calls: Model calls that this many trials take, both arms.
        cases_cost: What the calls for more cases cost, in US dollars; ``None``: not
            known.
        trials_cost: The same for more trials.
    """

    cases: int | None
    trials: int | None
    cases_calls: int = 0
    trials_calls: int = 0
    cases_cost: float | None = None
    trials_cost: float | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Needed:
        """Rebuild what is needed from what :meth:`to_json` wrote."""
        return cls(**data)
