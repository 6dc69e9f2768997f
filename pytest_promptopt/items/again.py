"""Running an item once more after the run, without a report of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

# Fixtures, skips and async plugins hang on this way to run an item. It has no public
# name; pytest-rerunfailures, which pytest's own team keeps, takes it too.
from _pytest.runner import runtestprotocol

if TYPE_CHECKING:
    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.records import TestResult

RESULT = pytest.StashKey["TestResult"]()
"""What an item's last run came to."""

AGAIN = pytest.StashKey["Conduct"]()
"""How an item is conducted that runs once more."""


def run_again(item: pytest.Function, conduct: Conduct) -> TestResult | str:
    """Run an item with its fixtures; it changes no count and no exit code.

    No other item may be set up.

    Args:
        item: The item; it may have been run before, or not.
        conduct: How.

    Returns:
        The result, or why there is none, in a sentence without a full stop.

    Raises:
        KeyboardInterrupt: As from any test.
        pytest.exit.Exception: The same.
    """
    before = item.stash.get(RESULT, None)
    if before is not None:
        del item.stash[RESULT]
    item.stash[AGAIN] = conduct
    try:
        reports = runtestprotocol(item, log=False, nextitem=None)
        return item.stash.get(RESULT, None) or _reason(reports)
    finally:
        for reply in conduct.in_flight():  # nobody waits for it any more
            reply.cancel()
        del item.stash[AGAIN]
        if before is not None:
            item.stash[RESULT] = before


def _reason(reports: list[pytest.TestReport]) -> str:
    """Say why a test that was set up or called gave no result."""
    for report in reports:
        if report.skipped and hasattr(report, "wasxfail"):
            return "its xfail marker keeps it from being run"
        if report.skipped:
            return f"it was skipped: {_told(report).removeprefix('Skipped: ')}"
        if report.failed:
            what = {"setup": "its setup", "call": "it"}.get(report.when, "its teardown")
            return f"{what} failed: {_told(report)}"
    return "it gave no verdict"


def _told(report: pytest.TestReport) -> str:
    """Return the first line of what a report says."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        text = str(crash.message)
    elif isinstance(report.longrepr, tuple):  # a skip: file, line, reason
        text = str(report.longrepr[2])
    else:
        text = report.longreprtext
    lines = text.strip().splitlines()
    return lines[0] if lines else "no reason is given"
