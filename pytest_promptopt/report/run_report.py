"""Everything that the reports of a run are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_promptopt.records import CaseDetail, TestResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run came to, for the reports that are files.

    Attributes:
        results: The prompt tests, by node id.
        details: Reads the cases of one of them; it yields none where they are not
            known. May be called several times.
        drift: What the suite's unedited prompts have in common; empty: nothing.
        problems: What could not be written, and what else fails the run.
        remarks: What was left out on purpose, or is left to do.
        diffs: Node id to the unified diff that a search proposes for that test.
        apply_command: What applies the diff of all proposals; empty without one.
        shows: ``"full"``, or ``"ids"``: texts of cases and replies are left out.
        date: Day of the run, ISO 8601.
        version: Version of this package.
    """

    results: tuple[TestResult, ...]
    details: Callable[[TestResult], Iterable[CaseDetail]]
    drift: str = ""
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    diffs: Mapping[str, str] = field(default_factory=dict)
    apply_command: str = ""
    shows: Literal["full", "ids"] = "full"
    date: str = ""
    version: str = ""
