"""Results as the tests of the terminal's texts need them, one per verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_promptopt.records import CaseChange, TestResult, Verdict

COMPARED = Verdict(
    outcome="fail",
    cause="worse",
    message="the edited prompt is worse by 20.0 points: 50.0% against the baseline's"
    " 70.0% (80 cases, 3 trials each), p = 0.001, limit 0.025",
    accuracy=0.5,
    interval=(0.4, 0.6),
    baseline_accuracy=0.7,
    baseline_interval=(0.6, 0.8),
    p_value=0.001,
    limit=0.025,
    sign_flip_p=0.01,
    detectable=0.1,
    trials=3,
    look=1,
    hypotheses=1,
    reference="the baseline of 2026-11-08",
    cases=80,
    baseline_date="2026-11-08",
)

TEST = "pytest shop/test_p.py::test_a"


def change(case_id: str, **given: Any) -> CaseChange:
    """Build a case that was always right and is now always wrong."""
    return CaseChange(
        **{
            "case_id": case_id,
            "place": "cases.jsonl:3",
            "expected": "x",
            "got": "y",
            "before": "x",
            "was": 1.0,
            "now": 0.0,
            **given,
        }
    )


def result(verdict: Verdict, **given: Any) -> TestResult:
    """Build the result of a prompt test with a verdict."""
    told = {
        "nodeid": "test_p.py::test_a",
        "selector": "shop/test_p.py::test_a",
        "prompt": "p.j2",
        "model": "openai:x",
        "calls": 480,
        **given,
    }
    return TestResult(verdict=verdict, **told)


def compared(outcome: str, cause: str, message: str = "", **given: Any) -> Verdict:
    """Build the verdict of a comparison, with all its figures."""
    fields = {"outcome": outcome, "cause": cause, "message": message, **given}
    return replace(COMPARED, **fields)
