"""The figures of a prompt test as properties of a JUnit file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_promptopt.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_promptopt.records import TestResult

PREFIX = "promptopt."
"""How the name of each property begins."""

# What XML 1.0 has no character for, beside what is escaped in any text.
_NO_XML = re.compile("[\ufffe\uffff]")


def properties(result: TestResult) -> list[tuple[str, str]]:
    """Return what a prompt test came to, as names and values.

    Returns:
        ``verdict`` and ``cause``; ``accuracy``, ``baseline`` and ``change`` as shares;
        ``p``; ``calls`` of gate and search; and ``cost`` in US dollars. What is not
        known has no property. Nothing of cases and replies is among them.
    """
    verdict = result.verdict
    searched = result.search_cost if result.paid else 0.0
    known = result.cost is not None and searched is not None
    figures = {
        "accuracy": verdict.accuracy,
        "baseline": verdict.baseline_accuracy,
        "change": verdict.change,
        "p": verdict.p_value,
        "calls": result.calls + result.paid,
        "cost": (result.cost or 0.0) + (searched or 0.0) if known else None,
    }
    told = {"verdict": verdict.outcome, "cause": verdict.cause}
    told |= {name: _figure(each) for name, each in figures.items() if each is not None}
    return [(f"{PREFIX}{name}", _text(value)) for name, value in told.items()]


def suite_properties(results: Iterable[TestResult]) -> list[tuple[str, str]]:
    """Return the same of several tests, the node id in the names' brackets."""
    return [
        (_text(f"{name}[{result.nodeid}]"), value)
        for result in results
        for name, value in properties(result)
    ]


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _text(text: str) -> str:
    shown = plain(" ".join(text.split()))
    return _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", shown)
