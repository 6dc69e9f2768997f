"""Verdicts that pass although the figures do not, and say so."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_promptopt import stats
from pytest_promptopt.gate import sentences as say

if TYPE_CHECKING:
    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.records import Verdict


def report_only(verdict: Verdict) -> Verdict:
    """Let a verdict pass with all its figures, saying what it would have been.

    A pass stays what it is, and so does an error: it has no figures to report.
    """
    if verdict.outcome in ("pass", "error"):
        return verdict
    return replace(
        verdict, outcome="pass", cause="report only", message=_otherwise(verdict)
    )


def accepted(verdict: Verdict, *, reason: str, recorded: Baseline) -> Verdict:
    """Let an intended change pass, visibly.

    Args:
        verdict: What the gate measured. A pass or an error stays what it is: there is
            nothing to accept.
        reason: Why whoever recorded the new baseline wants the change.
        recorded: That baseline, made for exactly the prompt under test.

    Returns:
        A pass with all the figures, both accuracies, the reason, and what the verdict
        would have been.
    """
    if verdict.outcome in ("pass", "error"):
        return verdict
    message = (
        f"{_measured(verdict)}{_recorded(recorded)}; the reason given:"
        f" {reason.strip()!r}; {_otherwise(verdict)}"
    )
    return replace(verdict, outcome="pass", cause="accepted", message=message)


def _otherwise(verdict: Verdict) -> str:
    return f"would have been {verdict.outcome} ({verdict.cause}): {verdict.message}"


def _measured(verdict: Verdict) -> str:
    if verdict.accuracy is None or verdict.baseline_accuracy is None:
        return "nothing to compare"
    return (
        f"{say.percent(verdict.accuracy)} measured, where"
        f" {verdict.reference or 'the baseline'} has"
        f" {say.percent(verdict.baseline_accuracy)}"
    )


def _recorded(recorded: Baseline) -> str:
    scored = [case for case in recorded.cases if case.scores]
    if not scored:
        return ""
    accuracy = stats.weighted_mean(
        [fmean(case.scores) for case in scored], [case.weight for case in scored]
    )
    return f", {say.percent(accuracy)} recorded on {recorded.date}"
