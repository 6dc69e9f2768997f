"""What only the whole suite can say: drift, and what a reviewer must not miss."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt import gate
from pytest_promptopt.report.annotation import Annotation
from pytest_promptopt.report.lines import is_doubted
from pytest_promptopt.report.suite_verdict import WORST_FIRST
from pytest_promptopt.report.terminal import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_promptopt.gate import Drift
    from pytest_promptopt.records import TestResult


MOST = 10
"""Annotations of a level that GitHub shows of one step."""


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

    A verdict stands at the line of the prompt that was changed, where it is known and
    the prompt is what was judged; else at the test. GitHub shows :data:`MOST` errors
    and as many warnings of a step, so failures come first, and what would not be shown
    is counted.

    Args:
        results: The prompt tests.
        drift: The suite's drift in a sentence; empty if there is none.
        shown: Turns a path from the root folder into one in the repository.
    """
    told = sorted(results, key=lambda one: WORST_FIRST.index(one.verdict.outcome))
    verdicts = [_of_verdict(result, shown) for result in told]
    remarks = [each for result in told for each in _of_remarks(result, shown)]
    of_drift = [Annotation(level="warning", title="prompt drift", text=drift)]
    found = [each for each in verdicts if each is not None]
    found += [*(of_drift if drift else []), *remarks]
    return [
        command
        for level in ("error", "warning")
        for command in _shown_by_github([one for one in found if one.level == level])
    ]


def _of_verdict(result: TestResult, shown: Callable[[str], str]) -> Annotation | None:
    verdict = result.verdict
    if verdict.outcome == "pass" and not is_doubted(verdict):
        return None
    file, line = _test_place(result, shown)
    changes = [change for change in result.source_changes if change.path]
    if changes and verdict.outcome != "error":
        file, line = shown(changes[0].path), changes[0].line
    # Of a pass, the figures alone do not say what was let through.
    text = one_line(result)
    if verdict.outcome == "pass":
        text = f"pass ({verdict.cause}): {verdict.message}"
    return Annotation(
        level="error" if verdict.outcome in ("fail", "error") else "warning",
        file=file,
        line=line,
        title=f"prompt test {result.prompt}",
        text=text,
    )


def _of_remarks(
    result: TestResult, shown: Callable[[str], str]
) -> Iterator[Annotation]:
    file, line = _test_place(result, shown)
    for remark in result.remarks:
        yield Annotation(
            level="warning",
            file=file,
            line=line,
            title=f"prompt test {result.prompt}",
            text=f"{remark.kind}: {remark.text}",
        )


def _test_place(result: TestResult, shown: Callable[[str], str]) -> tuple[str, int]:
    return shown(result.nodeid.partition("::")[0]), result.line or 1


def _shown_by_github(found: Sequence[Annotation]) -> list[str]:
    """Write annotations of one level, the last one a count if there are too many."""
    if len(found) <= MOST:
        return [each.command() for each in found]
    kept = [each.command() for each in found[: MOST - 1]]
    left = len(found) - len(kept)
    counted = Annotation(
        level=found[0].level,
        title="prompt tests",
        text=f"{left} more of these: the log has them all, in its section prompts",
    )
    return [*kept, counted.command()]
