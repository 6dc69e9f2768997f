"""The summary that GitHub shows below a job: the same text as in the pull request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.report.run_report import RunReport

MOST = 1_000_000
"""Bytes that the file may have in the end; GitHub takes 1 MiB a step."""

LEAST = 2_000
"""Bytes below which nothing is added."""


def summary_path(environ: Mapping[str, str]) -> Path | None:
    """Return the file that GitHub reads the summary of a step from, if it has one."""
    named = environ.get("GITHUB_STEP_SUMMARY", "")
    on_github = environ.get("GITHUB_ACTIONS") == "true"
    return Path(named) if on_github and named else None


def append_summary(report: RunReport, path: Path) -> str:
    """Append a run to the summary of its step.

    Args:
        report: The run.
        path: The file; what stands in it already stays.

    Returns:
        Why nothing was appended; empty if it was.
    """
    from pytest_promptopt.report.comment import comment, in_bytes

    try:
        room = MOST - (path.stat().st_size if path.exists() else 0)
        if room < LEAST:
            return f"the step summary has no room left: {path}"
        text = comment(report, most=room - 1, size=in_bytes)
        with path.open("ab") as file:
            file.write(f"\n{text}".encode("utf-8", "backslashreplace"))
    except OSError as error:
        return f"the step summary was not written: {path}: {error.strerror}"
    return ""
