"""The reports of a run that are files: made in the controller, once all is decided."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.report.run_report import RunReport
from pytest_promptopt.report.suite_verdict import judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_promptopt.controller import Controller
    from pytest_promptopt.option_values import Kind
    from pytest_promptopt.report_places import ReportPlace

_ENDED: Mapping[int, str] = {
    pytest.ExitCode.INTERRUPTED: "The run did not come to its end: it was interrupted, "
    "or tests could not be collected. What had not run until then is not told here.",
    pytest.ExitCode.INTERNAL_ERROR: "The run did not come to its end: pytest met an "
    "error of its own or of a plugin. What had not run until then is not told here.",
}


def write_reports(controller: Controller, *, exit_code: int) -> None:
    """Write the reports that were asked for, and GitHub's step summary.

    What cannot be written is a problem of the run; the step summary never is.

    Args:
        controller: Knows the results; its outbox takes the files.
        exit_code: Pytest's, so far.
    """
    from pytest_promptopt.step_summary import append_summary, summary_path

    option = controller.config.option
    if option.collectonly:
        return
    asked = _asked_for(controller)
    summary = summary_path(os.environ) if judged(controller.ordered) else None
    if not asked and summary is None:
        return
    report = run_report(controller, exit_code=exit_code)
    for place in asked:
        _write(place, report, controller)
    if summary is not None:
        problem = append_summary(report, summary)
        controller.outbox.remarks += [problem] if problem else []
    if asked:
        from pytest_promptopt.details import remove_details

        remove_details(controller.config.rootpath, controller.ordered)


def _asked_for(controller: Controller) -> list[ReportPlace]:
    option = controller.config.option
    if not option.promptopt_report:
        return []
    if option.promptopt_case is not None:
        controller.outbox.remarks.append(
            "no report was written: --promptopt-case looks at one case and judges "
            "nothing"
        )
        return []
    from pytest_promptopt.report_places import report_places

    return report_places(controller.config)


def run_report(controller: Controller, *, exit_code: int) -> RunReport:
    """Gather what the reports of a run are made from."""
    from pytest_promptopt import __version__
    from pytest_promptopt.configuration import today
    from pytest_promptopt.details import read_details

    results = controller.ordered
    ended = _ENDED.get(exit_code)
    return RunReport(
        results=tuple(results),
        details=read_details,
        drift=controller.drift,
        problems=(*controller.outbox.problems, *([ended] if ended else [])),
        remarks=tuple(controller.outbox.remarks),
        diffs=_diffs(controller),
        apply_command=controller.apply_command or "",
        shows="ids" if any(one.shows == "ids" for one in results) else "full",
        date=today(),
        version=__version__,
    )


def _diffs(controller: Controller) -> Mapping[str, str]:
    """Return the diff of each proposal that is kept, by node id."""
    if controller.apply_command is None:
        return {}
    from pytest_promptopt.patch import unified_diff
    from pytest_promptopt.proposals import without_conflicts

    diffs = {}
    kept, _ = without_conflicts(controller.proposed)
    for result in kept:
        proposal = result.search.proposal if result.search is not None else None
        edits = proposal.edits if proposal is not None else ()
        try:
            diff = unified_diff(
                edits, read=Path.read_bytes, top=controller.proposals.top
            )
        except PromptOptError:  # a file changed since: the diff of all has said it
            continue
        diffs[result.nodeid] = diff.decode("utf-8")
    return diffs


def _write(place: ReportPlace, report: RunReport, controller: Controller) -> None:
    try:
        is_there = controller.outbox.write(place.path, _rendered(place.kind, report))
    except Exception as fault:  # noqa: BLE001 - told; the verdicts must not get lost
        is_there = False
        controller.outbox.problems.append(
            f"{controller.outbox.shown(place.path)} was not written: "
            f"{type(fault).__name__}: {fault}; this is a fault of pytest-promptopt, "
            "please report it"
        )
    if not is_there:  # an earlier run's would be taken for this one's
        with contextlib.suppress(OSError):
            place.path.unlink(missing_ok=True)


def _rendered(kind: Kind, report: RunReport) -> Iterable[bytes]:
    """Yield a report piece by piece, as UTF-8."""
    if kind == "json":
        from pytest_promptopt.report.document_text import document_text

        pieces: Iterable[str] = document_text(report)
    elif kind == "md":
        from pytest_promptopt.report.comment import MOST, comment

        pieces = [comment(report, most=MOST)]
    else:
        from pytest_promptopt.report.html import page

        pieces = [page(report)]
    # A lone surrogate of a reply has no UTF-8; it is shown as the escape it came from.
    return (piece.encode("utf-8", "backslashreplace") for piece in pieces)
