"""The section at the end of a run: a row per prompt test, and what needs a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.report.commands import UPDATE, settling
from pytest_promptopt.report.failure import body
from pytest_promptopt.report.figures import SINGLE, has_figures, one_line
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
from pytest_promptopt.report.needed import needed_lines
from pytest_promptopt.report.prompt_changes import prompt_changes
from pytest_promptopt.report.screen import Screen
from pytest_promptopt.report.search_log import search_lines
from pytest_promptopt.report.table import rows_of_many, table
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import TestResult, Verdict


_HEAD_AND_COMMAND = 2

_RECORD_ALL = (Line(f"to record the baselines: run the same again with {UPDATE}"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """What the end of a run came to, beside the verdicts.

    Attributes:
        written: Files written, as the user would name them.
        remarks: What was left out on purpose.
        problems: What could not be written.
        apply_command: What applies the diff, if one was written.
        publish_command: What opens pull requests of it.
        drift: What the suite's unedited prompts have in common; empty: nothing.
        hosts: Which models got text, where nobody said it before the run.
        since: Why texts of cases and replies are withheld, where they are: the end of
            a sentence.
    """

    written: Sequence[str] = ()
    remarks: Sequence[str] = ()
    problems: Sequence[str] = ()
    apply_command: str | None = None
    publish_command: str = "promptopt pr"
    drift: str = ""
    hosts: Sequence[str] = ()
    since: str = ""


def summary(
    results: Sequence[TestResult],
    end: RunEnd,
    *,
    verbosity: int,
    today: str | None = None,
    screen: Screen | None = None,
) -> list[Line]:
    """Return the lines of the section at the end of a run.

    Several prompt tests have a row each, and below that a paragraph where there is more
    to say than a row can; a single one has the paragraph alone.

    Args:
        results: The prompt tests, in order.
        end: What else the run came to.
        verbosity: Pytest's; below 0 only what needs attention is shown.
        today: ISO day by which the age of a record is told; ``None``: it is not told.
        screen: What rows are to fit on; left out: 80 columns.
    """
    names = _names(result.nodeid for result in results)
    shown = [result for result in results if verbosity >= 0 or needs_attention(result)]
    heads = [_head(result, names[result.nodeid], today) for result in shown]
    told = [
        _test_lines(result, head, verbosity=verbosity, drift=end.drift)
        for result, head in zip(shown, heads, strict=True)
    ]
    rows = [result for result in shown if result.verdict.cause != SINGLE]
    verdicts = [line for lines in told for line in lines]
    if len(rows) > 1:
        unrecorded = all(map(_awaits_record, results))  # also those not shown
        notable = [row for row in rows if verbosity > 0 or needs_attention(row)]
        lines = rows_of_many(
            rows, notable, lambda listed: table(listed, names, screen or Screen())
        )
        beside = _beside_rows(shown, told, verbosity, unrecorded=unrecorded)
        verdicts = [*lines, *([Line("")] if beside else []), *beside]
    return [
        *verdicts,
        *([Line(f"drift: {end.drift}", ("yellow",))] if end.drift else []),
        *_notes(results, end, verbosity),
        *(Line(remark, ("yellow",)) for remark in end.remarks),
        *(Line(problem, ("red",)) for problem in end.problems),
        *_next_commands(end),
    ]


def _beside_rows(
    shown: Sequence[TestResult],
    told: Sequence[list[Line]],
    verbosity: int,
    *,
    unrecorded: bool,
) -> list[Line]:
    """Return what rows do not say: paragraphs, and what all tests have in common."""
    paragraphs: list[Line] = []
    for result, lines in zip(shown, told, strict=True):
        shared = unrecorded and len(lines) == _HEAD_AND_COMMAND
        if _adds_to_its_row(result, lines, verbosity) and not shared:
            paragraphs += lines
    return [*paragraphs, *(_RECORD_ALL if unrecorded else ())]


def _awaits_record(result: TestResult) -> bool:
    """Return whether a prompt test has nothing yet that it could be compared with."""
    verdict = result.verdict
    return (verdict.outcome, verdict.cause) == ("inconclusive", "no baseline")


def _adds_to_its_row(result: TestResult, told: Sequence[Line], verbosity: int) -> bool:
    """Return whether a paragraph says more than the row and a failure's own text."""
    if verbosity > 0 or len(told) > 1:
        return True
    failed = result.verdict.outcome in ("fail", "error")
    return needs_attention(result) and not failed


def _notes(results: Sequence[TestResult], end: RunEnd, verbosity: int) -> list[Line]:
    """Return what holds for the whole run: withheld texts, stand-ins, files."""
    lines = []
    told_of = [result for result in results if verbosity > 0 or needs_attention(result)]
    if any(result.shows == "ids" for result in told_of):
        since = f", since {end.since}" if end.since else ""
        told = f"withheld: texts of cases and replies{since}"
        lines.append(Line(f"{told}; promptopt_show_data = full shows them"))
    if verbosity >= 0:
        notes = dict.fromkeys(note for result in results for note in result.notes)
        lines += [Line(f"text goes to: {host}") for host in end.hosts]
        lines += [Line(f"note: {note}") for note in notes]
        lines += [Line(f"written: {path}") for path in end.written]
    return lines


def _next_commands(end: RunEnd) -> list[Line]:
    if end.apply_command is None:
        return []
    return [
        Line(f"apply the proposals with: {end.apply_command}", ("bold",)),
        Line(f"or open pull requests with: {end.publish_command}", ("bold",)),
    ]


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
        or verdict.cause == SINGLE
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
    if verdict.cause == SINGLE:
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
    verdict, texts = result.verdict, result.shows == "full"
    told = []
    if _explains_itself(verdict) or (verdict.outcome == "pass" and verbosity > 0):
        told += _message(result, drift)
    if verdict.outcome == "inconclusive":
        told += [*needed_lines(result), *patterns(verdict), *_doubtful_parts(verdict)]
    if verbosity > 0 or verdict.cause == "unclear":
        told += terms(verdict, result.model)
    if verbosity > 0:
        told += [*_everything(verdict, texts=texts), *label_line(result)]
    if verdict.outcome in ("pass", "inconclusive"):
        told += [*judge_lines(result), *case_lists(verdict)]
    if verdict.outcome == "inconclusive" or verbosity > 0:
        told += prompt_changes(result.source_changes)
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
    """Return the message, as far as nothing else that is shown says it."""
    verdict = result.verdict
    if verdict.cause == "no baseline":
        return []  # the line above says it, and the command below what to do
    if verdict.message in [drift, *(remark.text for remark in result.remarks)]:
        return []
    return verdict.message.splitlines()[0 if has_figures(verdict) else 1 :]


def _doubtful_parts(verdict: Verdict) -> list[str]:
    return limit_lines([check for check in verdict.limits if check.state != "kept"])


def _everything(verdict: Verdict, *, texts: bool) -> list[str]:
    """Return what ``-v`` adds."""
    kept = [check for check in verdict.limits if check.state == "kept"]
    earlier = verdict.look > 0
    return [
        *changes("worse", verdict.worse, texts=texts, earlier=earlier),
        *changes("better", verdict.better, texts=texts, earlier=earlier),
        *limit_lines(kept),
        *tag_lines(verdict.tags, every=True),
        *flaky_line(verdict),
    ]
