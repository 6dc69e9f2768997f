"""Results as tests of reports and of the controller need them."""

from __future__ import annotations

from pytest_promptopt.records import (
    Candidate,
    Edit,
    Proposal,
    SearchResult,
    TestResult,
    Verdict,
)


def proposed(name: str, *, gain: float, path: str = "/p") -> TestResult:
    """Build the result of a prompt test with a proposal."""
    proposal = Proposal(
        candidate=Candidate(texts={"p.j2#a": "new text"}),
        incumbent=Candidate(texts={"p.j2#a": "old"}),
        edits=(Edit(path=path, sha256="0", start=0, end=3, replacement="new text"),),
        before=0.5,
        after=0.5 + gain,
        interval=(gain - 0.05, gain + 0.05),
        p_value=0.00001,
        alpha=0.015,
        look=0,
        holdout_cases=80,
        trials=3,
    )
    search = SearchResult(
        strategy="opro", outcome="proposed", stopped="steps", proposal=proposal
    )
    return TestResult(
        nodeid=f"test_p.py::test_{name}",
        prompt="p.j2",
        model="offline:rules",
        verdict=Verdict(outcome="pass", cause="same"),
        search=search,
        optimizer_model="offline:rules",
    )
