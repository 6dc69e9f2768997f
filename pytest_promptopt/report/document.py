"""A run as a JSON document, for machines: version 1 of its public shape.

The shape is described by ``docs/report.schema.json``. Under the same version no key is
removed, renamed or given another meaning; new ones may come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.report.document_figures import figure, figures, p_of, share
from pytest_promptopt.report.document_search import search_entry
from pytest_promptopt.report.suite_verdict import suite_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_promptopt.records import (
        CaseChange,
        CaseDetail,
        LimitCheck,
        TagAccuracy,
        TestResult,
        Trial,
        Verdict,
    )
    from pytest_promptopt.report.run_report import RunReport

VERSION = 1
"""Of the shape."""

SCHEMA = f"urn:pytest-promptopt:report:{VERSION}"
"""The schema's id."""


def document(report: RunReport) -> dict[str, Any]:
    """Return a run as built-in types, as ``docs/report.schema.json`` has them.

    Args:
        report: The run.

    Returns:
        Everything, cases included, in memory at once; :func:`pytest_promptopt.report.
        document_text.document_text` writes the same piece by piece.
    """
    tests = [
        {**entry_of(result, report), "cases": list(case_entries(result, report))}
        for result in report.results
    ]
    return {**head(report), "tests": tests}


def head(report: RunReport) -> dict[str, Any]:
    """Return what a document says of the whole run."""
    verdict = suite_verdict(report.results, report.problems)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "package": {"name": "pytest-promptopt", "version": report.version},
        "date": report.date,
        "shows": report.shows,
        "verdict": {
            "outcome": verdict.outcome,
            "cause": verdict.cause,
            "retryable": verdict.retryable,
            "counts": dict(verdict.counts),
        },
        "drift": report.drift,
        "problems": list(report.problems),
        "remarks": list(report.remarks),
        "apply_command": report.apply_command,
    }


def entry_of(result: TestResult, report: RunReport) -> dict[str, Any]:
    """Return one prompt test, without its cases."""
    needed = result.needed
    return {
        "nodeid": result.nodeid,
        "selector": result.selector,
        "line": result.line,
        "prompt": result.prompt,
        "model": result.model,
        "shows": result.shows,
        "verdict": _verdict(result.verdict),
        "needed": None if needed is None else needed.to_json(),
        "spent": {
            "calls": result.calls,
            "cached": result.cached,
            "runs": result.runs,
            "cost_usd": result.cost,
        },
        "source_changes": [change.to_json() for change in result.source_changes],
        "labels": result.labels,
        "judge": list(result.judge),
        "remarks": [remark.to_json() for remark in result.remarks],
        "notes": list(result.notes),
        "recipients": [entry.to_json() for entry in result.recipients],
        "search": search_entry(result, report.diffs.get(result.nodeid, "")),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome,
        "cause": verdict.cause,
        "message": verdict.message,
        "retryable": verdict.retryable,
        "accuracy": _arm(verdict.accuracy, verdict.interval),
        "baseline": _arm(verdict.baseline_accuracy, verdict.baseline_interval),
        "baseline_date": verdict.baseline_date,
        "change": share(verdict.change),
        "p_value": p_of(verdict.p_value),
        "limit": verdict.limit,
        "sign_flip_p": p_of(verdict.sign_flip_p),
        "alpha": verdict.alpha,
        "hypotheses": verdict.hypotheses,
        "smallest_visible_drop": share(verdict.detectable),
        "reference": verdict.reference,
        "cases": verdict.cases,
        "trials": verdict.trials,
        "looks": verdict.look,
        "pattern": list(verdict.pattern),
        "tags": [_tag(tag) for tag in verdict.tags],
        "limits": [_limit(check) for check in verdict.limits],
        "worse": [_case_change(change) for change in verdict.worse],
        "better": [_case_change(change) for change in verdict.better],
        "must_pass": {
            "broken": list(verdict.broken),
            "undecided": list(verdict.undecided),
            "cases": verdict.vital,
        },
        "lost": {
            "removed": list(verdict.removed),
            "changed": list(verdict.changed),
            "missing": list(verdict.missing),
            "unscored": list(verdict.unscored),
        },
        "added": list(verdict.added),
        "flaky": list(verdict.flaky),
    }


def _arm(
    accuracy: float | None, interval: tuple[float, float] | None
) -> dict[str, Any] | None:
    if accuracy is None:
        return None
    bounds = None if interval is None else [share(bound) for bound in interval]
    return {"mean": share(accuracy), "interval": bounds}


def _tag(tag: TagAccuracy) -> dict[str, Any]:
    return {
        "tag": tag.tag,
        "cases": tag.cases,
        "was": share(tag.was),
        "now": share(tag.now),
    }


def _limit(check: LimitCheck) -> dict[str, Any]:
    return {
        "part": check.part,
        "limit": check.limit,
        "state": check.state,
        "was": figure(check.was),
        "now": figure(check.now),
        "p_value": p_of(check.p_value),
        "held_against": check.held_against,
    }


def _case_change(change: CaseChange) -> dict[str, Any]:
    return {
        "id": change.case_id,
        "place": change.place,
        "tags": list(change.tags),
        "must_pass": change.must_pass,
        "flaky": change.flaky,
        "was": share(change.was),
        "now": share(change.now),
        "expected": change.expected,
        "got": change.got,
        "before": change.before,
        "reason": change.reason,
        "finish_reason": change.finish_reason,
    }


def case_entries(result: TestResult, report: RunReport) -> Iterator[dict[str, Any]]:
    """Yield the cases of a prompt test, one at a time."""
    return map(_case, report.details(result))


def _case(detail: CaseDetail) -> dict[str, Any]:
    return {
        "id": detail.case_id,
        "place": detail.place,
        "tags": list(detail.tags),
        "must_pass": detail.must_pass,
        "weight": detail.weight,
        "was": share(detail.was),
        "now": share(detail.now),
        "inputs": dict(detail.inputs),
        "expected": detail.expected,
        "before": [_trial(trial) for trial in detail.before],
        "after": [_trial(trial) for trial in detail.after],
        "withheld": detail.withheld,
    }


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "score": trial.score.value,
        "reason": trial.score.reason,
        "parts": dict(trial.score.parts),
        "output": trial.output,
        "finish_reason": trial.finish_reason,
        "missing": trial.missing,
        "measures": figures(trial.measures),
    }
