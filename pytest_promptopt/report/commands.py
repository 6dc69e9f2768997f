"""The commands that deal with a verdict, ready to be typed."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_promptopt.report.lines import in_order

if TYPE_CHECKING:
    from pytest_promptopt.records import TestResult, Verdict

UPDATE = "--promptopt-update-baseline"

REASON = "--promptopt-reason='...'"


def quoted(nodeid: str) -> str:
    """Quote a node id for a POSIX shell."""
    return shlex.quote(nodeid)


def commands(result: TestResult) -> list[str]:
    """Return the commands that deal with a failing prompt test."""
    verdict = result.verdict
    if verdict.cause == "no baseline":
        return recording(result)
    test = _pytest(result)
    found = []
    if case_id := _telling_case(verdict):
        found.append(f"to see one case:      {test} --promptopt-case={quoted(case_id)}")
    if _can_be_accepted(verdict):
        found.append(f"to accept the change: {test} {accepting(verdict)}")
    return [*found, f"to find a better one: {test} --optimize-prompts"]


def recording(result: TestResult) -> list[str]:
    """Return the command that records a baseline."""
    return [f"to record a baseline: {_pytest(result)} {UPDATE}"]


def accepting(verdict: Verdict) -> str:
    """Return the options that accept a change.

    Against a base commit the pull request's own record counts only with a reason.
    """
    against_commit = verdict.reference.startswith("commit ")
    return f"{UPDATE} {REASON}" if against_commit else UPDATE


def settling(result: TestResult) -> list[str]:
    """Return the commands that settle an inconclusive verdict, if any does."""
    verdict = result.verdict
    test = _pytest(result)
    if verdict.cause == "no baseline":
        return recording(result)
    if verdict.cause == "cases lost":
        return [f"to accept the change: {test} {accepting(verdict)}"]
    if case_id := _telling_case(verdict):
        return [f"to see one case: {test} --promptopt-case={quoted(case_id)}"]
    return []


def _pytest(result: TestResult) -> str:
    return f"pytest {quoted(result.selector or result.nodeid)}"


def _telling_case(verdict: Verdict) -> str:
    """Return the case to look at first; empty where none stands out."""
    vital = verdict.broken or verdict.undecided
    if verdict.cause == "must_pass" and vital:
        return vital[0]
    return in_order(verdict.worse)[0].case_id if verdict.worse else ""


def _can_be_accepted(verdict: Verdict) -> bool:
    """Return whether a new baseline would let the same prompt pass."""
    if verdict.cause == "floor":
        return False
    exceeded = [check for check in verdict.limits if check.state == "exceeded"]
    # "<=400" is held against the part itself, whatever the baseline has.
    fixed = any(check.limit.lstrip().startswith(("<", ">")) for check in exceeded)
    return not fixed
