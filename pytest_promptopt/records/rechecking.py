"""How another prompt test takes the edit that a search proposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.records.base import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


RECHECKS = "promptopt_rechecks"
"""Key under which a worker hands them over: JSON of node id to records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck(Record):
    """What became of one prompt test that a proposal changes the requests of.

    Attributes:
        nodeid: The item's node id.
        selector: The same as it is typed in the folder where pytest was started.
        outcome: The gate's, of the prompt with the edit against the prompt without
            it, or ``"not re-checked"``.
        cause: The gate's; empty where it was not asked.
        message: Why, in a sentence; the gate's own where it was asked.
        before: Accuracy without the edit, in [0, 1]; ``None`` if nothing was compared.
        after: Accuracy with it.
        p_value: One-sided p of the exact stratified test.
        limit: What that was held against.
        cases: How many cases were compared.
        trials: Trials per case and arm.
        calls: Model calls made.
        cached: Replies taken from the cache.
        runs: Runs of the application, whose own calls nobody counts.
    """

    nodeid: str
    selector: str
    outcome: Literal["pass", "fail", "inconclusive", "not re-checked"]
    cause: str = ""
    message: str = ""
    before: float | None = None
    after: float | None = None
    p_value: float | None = None
    limit: float | None = None
    cases: int = 0
    trials: int = 0
    calls: int = 0
    cached: int = 0
    runs: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recheck:
        """Rebuild a re-check written by :meth:`to_json`."""
        return cls(**data)
