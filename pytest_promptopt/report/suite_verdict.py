"""What all prompt tests of a run came to, in one word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import TestResult

WORST_FIRST = ("fail", "error", "inconclusive", "pass")
"""Outcomes of prompt tests, in the order that decides for the suite."""

SEVERAL = "several"
"""The cause where the tests with the suite's outcome have different ones."""

PROBLEMS = "problems"
"""The cause where something else than a verdict fails the run."""

NOT_JUDGED = ("one case",)
"""Causes of a result that says nothing about the prompt: somebody looked at a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteVerdict:
    """What all prompt tests of a run came to.

    Attributes:
        outcome: The worst one of the tests; ``"none"`` if none was judged.
        cause: The one that all tests with that outcome have, or ``"several"``, or
            ``"problems"``; empty if none was judged.
        retryable: Whether the same run may succeed later: it is an error, and each
            test with an error may.
        counts: Outcome to the number of tests that have it, worst first.
    """

    outcome: Literal["fail", "error", "inconclusive", "pass", "none"]
    cause: str
    retryable: bool
    counts: Mapping[str, int]


def judged(results: Sequence[TestResult]) -> list[TestResult]:
    """Return the results that say something about a prompt."""
    return [result for result in results if result.verdict.cause not in NOT_JUDGED]


def suite_verdict(
    results: Sequence[TestResult], problems: Sequence[str] = ()
) -> SuiteVerdict:
    """Say what prompt tests came to together.

    Args:
        results: The prompt tests.
        problems: What fails the run beside their verdicts: it may not have come to its
            end. With one, no run is better than an error.
    """
    found = _of_tests(results)
    if not problems or found.outcome in ("fail", "error"):
        return found
    return SuiteVerdict(
        outcome="error", cause=PROBLEMS, retryable=False, counts=found.counts
    )


def _of_tests(results: Sequence[TestResult]) -> SuiteVerdict:
    told = judged(results)
    found: list[str] = [result.verdict.outcome for result in told]
    counts = {outcome: found.count(outcome) for outcome in WORST_FIRST}
    for outcome in ("fail", "error", "inconclusive", "pass"):
        verdicts = [one.verdict for one in told if one.verdict.outcome == outcome]
        if verdicts:
            causes = {verdict.cause for verdict in verdicts}
            again = all(verdict.retryable for verdict in verdicts)
            return SuiteVerdict(
                outcome=outcome,
                cause=causes.pop() if len(causes) == 1 else SEVERAL,
                retryable=outcome == "error" and again,
                counts=counts,
            )
    return SuiteVerdict(outcome="none", cause="", retryable=False, counts=counts)
