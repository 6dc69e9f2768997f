"""What becomes of a proposal that makes another prompt test worse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt.report.rechecks import withdrawal

if TYPE_CHECKING:
    from pytest_promptopt.records import TestResult


def with_withdrawal(result: TestResult) -> TestResult:
    """Return a result whose search proposes nothing that a re-check speaks against.

    The candidate is kept like any that was not confirmed.
    """
    search = result.search
    if search is None or search.proposal is None:
        return result
    if not any(recheck.outcome == "fail" for recheck in result.rechecks):
        return result
    proposal = search.proposal
    return replace(
        result,
        search=replace(
            search,
            outcome="unconfirmed",
            stopped="gate rejected",
            message=f"{search.message} {withdrawal(result.rechecks)}",
            proposal=None,
            best_candidate=proposal.candidate,
            best_texts=proposal.texts,
        ),
        unconfirmed=proposal.edits,
    )
