"""The result of one prompt test, as reports get it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt.items.details import write_details
from pytest_promptopt.items.judge import grades_itself
from pytest_promptopt.items.labelling import has_labels, labels_told
from pytest_promptopt.items.needing import needed_by
from pytest_promptopt.items.pending import gathered
from pytest_promptopt.items.receiving import gate_recipients, search_recipients
from pytest_promptopt.items.source_changes import source_changes
from pytest_promptopt.looks import Look, render_look
from pytest_promptopt.records import TestResult
from pytest_promptopt.report.lines import UNCOUNTED

if TYPE_CHECKING:
    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.records import Edit, SearchResult, Verdict


def result_of(conduct: Conduct, verdict: Verdict) -> TestResult:
    """Return what is told of a prompt test that was judged."""
    test, tally, audit = conduct.test, conduct.tally, conduct.audit
    details, problem = write_details(conduct, verdict)
    return TestResult(
        nodeid=test.nodeid,
        selector=test.selector,
        line=test.line,
        prompt=test.mark.label,
        model=conduct.model.name,
        verdict=verdict,
        calls=tally.calls,
        cost=tally.cost if conduct.prices or tally.cost else 0.0,
        cached=tally.cached,
        runs=tally.runs,
        files=conduct.files,
        notes=(*_notes(conduct, None), *filter(None, [problem])),
        redraws=conduct.redraws,
        remarks=(
            *(() if conduct.recording else conduct.reference.remarks),
            *(grades_itself(test, conduct.model) if conduct.has_begun else ()),
            *(() if audit is None else audit.doubts),
        ),
        labels=_labels(conduct, verdict),
        judge=() if audit is None else audit.lines,
        needed=needed_by(conduct, verdict),
        recipients=gate_recipients(conduct),
        source_changes=source_changes(
            conduct.reference.prompt, test.prompt, conduct.root
        ),
        details=details,
    )


def with_search(
    conduct: Conduct, result: TestResult, searched: SearchResult
) -> TestResult:
    """Add what a search came to, and have its use of the hold-out recorded."""
    driver, best = conduct.driver, searched.best_candidate
    _keep_look(conduct, searched)
    unconfirmed: tuple[Edit, ...] = ()
    if searched.outcome == "unconfirmed" and best is not None:
        unconfirmed = conduct.test.prompt.edits(best)
    writer = driver.writer if driver is not None else None
    return replace(
        result,
        search=searched,
        paid=driver.tally.calls if driver is not None else 0,
        search_cost=driver.tally.cost if driver is not None else None,
        replayed=driver.tally.cached if driver is not None else 0,
        search_runs=driver.tally.runs if driver is not None else 0,
        optimizer_model=writer.name if writer is not None else "",
        unconfirmed=unconfirmed,
        files=conduct.files,
        notes=tuple(dict.fromkeys((*_notes(conduct, writer), *result.notes))),
        recipients=tuple(
            dict.fromkeys((*search_recipients(conduct, writer), *result.recipients))
        ),
    )


def _labels(conduct: Conduct, verdict: Verdict) -> str:
    """Return how the labels of a classification did, in the arm under test."""
    if not conduct.has_begun or verdict.outcome == "error":
        return ""
    if not has_labels(conduct.test.mark.scorer):
        return ""
    (trials,) = gathered(conduct.rounds.own, conduct.rounds.arms[-1:])
    return labels_told(conduct.test.cases, trials)


def _notes(conduct: Conduct, writer: NamedModel | None) -> tuple[str, ...]:
    """Return what every report must say: stand-ins used, caches set aside."""
    test, driver = conduct.test, conduct.driver
    task = conduct.model if test.mark.deliver == "argument" else None
    stand_ins = [model.stand_in for model in (task, writer) if model]
    said = [*stand_ins, *conduct.engine.notes]
    if driver is not None:
        said.append(driver.journal.problem)
        said.append(driver.embedder.told(conduct.shows) if driver.embedder else "")
    if conduct.tally.runs or (driver is not None and driver.tally.runs):
        said.append(UNCOUNTED)
    if test.selection:
        said.append(f"{test.mark.label}: {test.selection}")
    return tuple(dict.fromkeys(filter(None, said)))


def _keep_look(conduct: Conduct, searched: SearchResult) -> None:
    """Have a use of the hold-out recorded, once per run."""
    if searched.look is None:
        return
    test = conduct.test
    look = Look.at(**searched.look, date=conduct.today)
    if look.run not in {entry.run for entry in test.looks}:
        lines = [render_look(entry) for entry in (*test.looks, look)]
        conduct.files[str(test.looks_path)] = "".join(lines)
