"""What only the whole suite can say: drift, and what a reviewer must not miss."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pytest_promptopt import gate
from pytest_promptopt.report.annotation import annotation
from pytest_promptopt.report.terminal import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_promptopt.gate import Drift
    from pytest_promptopt.records import TestResult


def drift_of(results: Sequence[TestResult]) -> Drift | None:
    """Decide once for the suite whether something other than the prompts changed."""
    redrawn = [result for result in results if result.redraws]
    return gate.judge_drift(
        {result.nodeid: result.redraws for result in redrawn},
        dates={result.nodeid: result.verdict.baseline_date or "" for result in redrawn},
    )


def with_drift(result: TestResult, drift: Drift) -> TestResult:
    """Return a result that says drift where nothing but drift explains its change.

    An edited prompt's verdict stands: both arms met the same model.
    """
    verdict = result.verdict
    unedited = verdict.cause == "same" and not verdict.look
    if not unedited or result.nodeid not in drift.names:
        return result
    drifted = replace(verdict, cause="drift", message=drift.message)
    return replace(result, verdict=drifted)


def workflow_commands(
    results: Sequence[TestResult], drift: str, *, shown: Callable[[str], str]
) -> list[str]:
    """Return one GitHub workflow command for each thing that a reviewer must see.

    Args:
        results: The prompt tests.
        drift: The suite's drift in a sentence; empty if there is none.
        shown: Turns a test file as node ids name it into a path in the repository.
    """
    lines = []
    for result in results:
        file = shown(result.nodeid.partition("::")[0])
        level: Literal["warning", "error"] = (
            "error" if result.verdict.outcome in ("fail", "error") else "warning"
        )
        told = result.verdict.outcome != "pass" or result.verdict.cause in (
            "accepted",
            "removed",
            "report only",
        )
        # Of a pass, the figures alone do not say what was let through.
        verdict = result.verdict
        shown_verdict = (
            f"pass ({verdict.cause}): {verdict.message}"
            if verdict.outcome == "pass"
            else one_line(result)
        )
        texts = [(level, shown_verdict)] if told else []
        texts += [
            ("warning", f"{remark.kind}: {remark.text}") for remark in result.remarks
        ]
        lines += [
            annotation(
                severity,
                file=file,
                line=result.line or 1,
                title=f"prompt test {result.prompt}",
                text=text,
            )
            for severity, text in texts
        ]
    if drift:
        lines.append(
            annotation("warning", file="", line=0, title="prompt drift", text=drift)
        )
    return lines
