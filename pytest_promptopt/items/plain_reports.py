"""Reports of prompt tests made fit for a terminal: what bodies raised and printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.report.plain import plain

if TYPE_CHECKING:
    import pytest


def make_plain(report: pytest.TestReport) -> None:
    """Keep replies that an exception or captured output quotes from steering anything.

    Pytest shows both as they are: a reply with ``::error::`` at the start of a line
    would be a command to a CI runner, and escapes would reach the terminal.
    """
    if report.sections:
        report.sections[:] = [(name, plain(text)) for name, text in report.sections]
    if not report.passed:
        _make_plain(report.longrepr)


def _make_plain(longrepr: Any) -> None:
    parts = [part for entry in getattr(longrepr, "chain", ()) for part in entry[:2]]
    for part in parts:
        for entry in getattr(part, "reprentries", ()):
            entry.lines = [plain(line) for line in entry.lines]
        if hasattr(part, "message"):
            part.message = plain(part.message)
