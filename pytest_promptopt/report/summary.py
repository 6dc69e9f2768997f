"""The section at the end of a run: one line per prompt test, and what needs a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.commands import settling
from pytest_promptopt.report.failure import body
from pytest_promptopt.report.figures import has_figures, one_line
from pytest_promptopt.report.grounds import (
    case_lists,
    changes,
    flaky_line,
    limit_lines,
    patterns,
    tag_lines,
    terms,
)
from pytest_promptopt.report.lines import (
    Line,
    colour,
    cost,
    indented,
    is_doubted,
    judge_lines,
    label_line,
    remark_lines,
    runs,
)
from pytest_promptopt.report.search_log import search_lines
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import TestResult, Verdict


def summary(
    results: Sequence[TestResult],
    *,
    written: Iterable[str],
    remarks: Iterable[str] = (),
    problems: Iterable[str],
    apply_command: str | None,
    verbosity: int,
    drift: str = "",
    today: str | None = None,
) -> list[Line]:
    """Return the lines of the section at the end of a run.

    Args:
        results: The prompt tests, in order.
        written: Files written, as the user would name them.
        remarks: What was left out on purpose.
        problems: What could not be written.
        apply_command: What applies the diff, if one was written.
        verbosity: Pytest's; below 0 only what needs attention is shown.
        drift: What the suite's unedited prompts have in common; empty: nothing.
        today: ISO day by which the age of a record is told; ``None``: it is not told.
    """
    lines: list[Line] = []
    names = _names(result.nodeid for result in results)
    for result in results:
        if verbosity >= 0 or needs_attention(result):
            head = _head(result, names[result.nodeid], today)
            lines += _test_lines(result, head, verbosity=verbosity, drift=drift)
    if drift:
        lines.append(Line(f"drift: {drift}", ("yellow",)))
    notes = dict.fromkeys(note for result in results for note in result.notes)
    if verbosity >= 0:
        lines += [Line(f"note: {note}") for note in notes]
        lines += [Line(f"written: {path}") for path in written]
    lines += [Line(remark, ("yellow",)) for remark in remarks]
    lines += [Line(problem, ("red",)) for problem in problems]
    if apply_command is not None:
        lines.append(Line(f"apply the proposals with: {apply_command}", ("bold",)))
    return lines


def _names(nodeids: Iterable[str]) -> dict[str, str]:
    """Return each node id's test name, ``"test_a[x]"``, if no other one has it too."""
    names: dict[str, str] = {}
    for nodeid in nodeids:
        path, bracket, parameters = nodeid.partition("[")
        names[nodeid] = path.rpartition("::")[2] + bracket + parameters
    used = list(names.values())
    return {
        nodeid: name if used.count(name) == 1 else nodeid
        for nodeid, name in names.items()
    }


def needs_attention(result: TestResult) -> bool:
    """Return whether a quiet run shows a prompt test, too."""
    verdict = result.verdict
    return (
        verdict.outcome != "pass"
        or is_doubted(verdict)
        or bool(verdict.removed or verdict.changed)
        or bool(verdict.missing or verdict.unscored)
        or bool(result.remarks)
        or result.search is not None
        or verdict.cause == "one case"
    )


def _head(result: TestResult, name: str, today: str | None) -> Line:
    calls = f"  [{count(result.calls, 'call')}"
    calls += f", {result.cached:,} from the cache" if result.cached else ""
    calls += f", {cost(result.cost)}" if result.calls and result.cost != 0 else ""
    calls += f", {runs(result.runs)}]" if result.runs else "]"
    by = f", {result.model}" if result.model else ""
    decided = one_line(result, today=today)
    text = f"{result.prompt} ({name}{by}): {decided}{calls}"
    return Line(text, (colour(result.verdict),))


def _test_lines(
    result: TestResult, head: Line, *, verbosity: int, drift: str
) -> list[Line]:
    verdict = result.verdict
    if verdict.cause == "one case":
        return [Line(text) for text in verdict.message.splitlines()]
    lines = [head]
    if verdict.cause == "report only":
        # Nobody sees the failure itself, so all of it is said here.
        lines += [Line(text) for text in indented(body(result, below_line=True))]
    else:
        lines += [Line(text) for text in indented(_details(result, verbosity, drift))]
    # Without figures the line above is the message.
    said = "" if has_figures(verdict) else verdict.message
    remarks = [remark for remark in result.remarks if remark.text != said]
    lines += [Line(text, ("yellow",)) for text in indented(remark_lines(remarks))]
    if result.search is not None:
        lines += search_lines(result, result.search, verbosity=verbosity)
    return lines


def _details(result: TestResult, verbosity: int, drift: str) -> list[str]:
    """Return what is told below the line; a failure has a text of its own."""
    verdict = result.verdict
    told = []
    if _explains_itself(verdict) or (verdict.outcome == "pass" and verbosity > 0):
        told += _message(result, drift)
    if verdict.outcome == "inconclusive":
        told += [*patterns(verdict), *_doubtful_parts(verdict)]
    if verbosity > 0 or verdict.cause == "unclear":
        told += terms(verdict)
    if verbosity > 0:
        told += [*_everything(verdict), *label_line(result)]
    if verdict.outcome in ("pass", "inconclusive"):
        told += [*judge_lines(result), *case_lists(verdict)]
    if verdict.outcome == "inconclusive":
        told += settling(result)
    return told


def _explains_itself(verdict: Verdict) -> bool:
    """Return whether the figures alone do not say why a test did not fail."""
    held_against_floor = (verdict.outcome, verdict.cause) == ("pass", "floor")
    return (
        verdict.outcome == "inconclusive" or is_doubted(verdict) or held_against_floor
    )


def _message(result: TestResult, drift: str) -> list[str]:
    """Return the message, as far as the line above, a remark or drift do not say it."""
    verdict = result.verdict
    if verdict.message in [drift, *(remark.text for remark in result.remarks)]:
        return []
    return verdict.message.splitlines()[0 if has_figures(verdict) else 1 :]


def _doubtful_parts(verdict: Verdict) -> list[str]:
    return limit_lines([check for check in verdict.limits if check.state != "kept"])


def _everything(verdict: Verdict) -> list[str]:
    """Return what ``-v`` adds."""
    kept = [check for check in verdict.limits if check.state == "kept"]
    return [
        *changes("worse", verdict.worse),
        *changes("better", verdict.better),
        *limit_lines(kept),
        *tag_lines(verdict.tags, every=True),
        *flaky_line(verdict),
    ]
