"""A prompt test that needs attention, in a report in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.commands import commands, settling
from pytest_promptopt.report.comment_parts import folded, icon
from pytest_promptopt.report.failure import failure
from pytest_promptopt.report.grounds import (
    case_lists,
    certainty,
    counts,
    flaky_line,
    limit_lines,
    patterns,
    tag_lines,
)
from pytest_promptopt.report.lines import (
    in_order,
    is_doubted,
    judge_lines,
    label_line,
    listed,
    remark_lines,
)
from pytest_promptopt.report.markdown import code, fenced, plain
from pytest_promptopt.report.needed import needed_lines
from pytest_promptopt.report.suite_verdict import judged
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_promptopt.records import CaseChange, SourceChange, TestResult
    from pytest_promptopt.report.comment_parts import Measure

_NAME = 300
"""Characters of a prompt's name and of a node id."""

_LINE = 600
"""Characters of a line of explanation."""

_CHANGED_LINES = 3
"""Changed sources whose first changed line stands outside the diff."""

_BEFORE = 30
"""Characters of a long line that are told before the first that differs."""

_COMMAND = 2_000
"""Characters of the commands of a test."""


def sections(results: Sequence[TestResult], measure: Measure) -> Iterator[str]:
    """Yield a section for each prompt test that somebody should look at.

    Args:
        results: The prompt tests, worst first.
        measure: How much is told of each.
    """
    said: dict[str, str] = {}
    for result in filter(_is_to_be_told, judged(results)):
        already = None
        if result.verdict.outcome == "error":
            first = said.setdefault(result.verdict.message, result.nodeid)
            already = None if first == result.nodeid else first
        yield _section(result, measure, already)


def _is_to_be_told(result: TestResult) -> bool:
    verdict = result.verdict
    passed = verdict.outcome == "pass" and not is_doubted(verdict)
    return not passed or bool(result.remarks or verdict.removed or verdict.changed)


def _section(result: TestResult, measure: Measure, already: str | None) -> str:
    verdict = result.verdict
    by = f", {code(result.model)}" if result.model else ""
    against = f", compared with {plain(verdict.reference)}" if verdict.reference else ""
    worse = verdict.outcome != "pass" or verdict.cause == "report only"
    items = _items(_explained(result, already), measure.lines)
    parts = [
        f"### {icon(verdict)} {code(result.prompt, most=_NAME)}: {verdict.outcome} "
        f"({plain(verdict.cause)})",
        f"{code(result.nodeid, most=_NAME)}{by}{against}",
        "\n".join([*items, *_changed_lines(result.source_changes, measure)]),
        _cases(verdict.worse, measure) if worse else "",
        _commands(result),
        _diffs(result.source_changes, measure),
        folded("All figures", "\n".join(_items(_grounds(result), measure.figures))),
    ]
    return "\n\n".join(part for part in parts if part)


def _items(lines: Iterable[str], most: int) -> list[str]:
    said = [line for line in lines if line.strip()] if most else []
    items = [f"- {plain(line, most=_LINE)}" for line in said[:most]]
    left = len(said) - len(items)
    return [*items, f"- and {count(left, 'line')} more"] if left else items


def _explained(result: TestResult, already: str | None) -> list[str]:
    """Return what is told of a test at once, line by line."""
    verdict = result.verdict
    if verdict.outcome == "error":
        told = failure(result, already=already).splitlines()
        head = f"{result.prompt}: {verdict.outcome} ({verdict.cause})"
        return [line.removeprefix(f"{head}: ") for line in told if line != head]
    broken = [f"must_pass broken: {listed(verdict.broken)}"] if verdict.broken else []
    return [
        *verdict.message.splitlines(),
        *counts(verdict),
        *patterns(verdict),
        *broken,
        *limit_lines([check for check in verdict.limits if check.state != "kept"]),
        *(needed_lines(result) if verdict.outcome == "inconclusive" else []),
        *case_lists(verdict),
        *(line for line in remark_lines(result.remarks) if line != verdict.message),
    ]


def _grounds(result: TestResult) -> list[str]:
    """Return what the verdict rests on, line by line."""
    verdict = result.verdict
    if verdict.outcome == "error":
        return []
    return [
        *certainty(verdict, result.model),
        *limit_lines([check for check in verdict.limits if check.state == "kept"]),
        *tag_lines(verdict.tags),
        *label_line(result),
        *judge_lines(result),
        *flaky_line(verdict),
    ]


def _changed_lines(changes: Sequence[SourceChange], measure: Measure) -> list[str]:
    """Name the first line that changed, of the first sources that did."""
    told = []
    for entry in changes[:_CHANGED_LINES]:
        place = f"{entry.label}:{entry.line}" if entry.line else entry.label
        shown = _change(entry, measure.characters)
        told.append(f"- changed: {code(place)}{f': {shown}' if shown else ''}")
    left = len(changes) - _CHANGED_LINES
    return [*told, *([f"- changed: and {count(left, 'source')} more"] * (left > 0))]


def _change(entry: SourceChange, most: int) -> str:
    """Return the line that went and the one that came, from where they differ."""
    if not most or not (entry.removed or entry.added):
        return ""
    start = 0
    if max(len(entry.removed), len(entry.added)) > most:
        pairs = enumerate(zip(entry.removed, entry.added, strict=False))
        start = max(0, next((at for at, (x, y) in pairs if x != y), 0) - _BEFORE)
    dots = "..." if start else ""
    lines = [
        code(f"{dots}{text[start:]}", most=most) if text else ""
        for text in (entry.removed, entry.added)
    ]
    if not all(lines):
        return f"{lines[0]} was removed" if lines[0] else f"{lines[1]} was added"
    return " → ".join(lines)


def _cases(changes: Sequence[CaseChange], measure: Measure) -> str:
    """Return a table of the cases that got worse, worst first."""
    shown = in_order(changes)[: measure.cases]
    if not shown:
        return ""
    texts = {
        "expected": [entry.expected for entry in shown],
        "why": [entry.reason for entry in shown],
        "got": [entry.got for entry in shown],
        "before": [entry.before for entry in shown],
    }
    if any(texts["expected"]):
        texts["why"] = []
    titles = [name for name, told in texts.items() if measure.characters and any(told)]
    head = ["case that got worse", "score", *titles]
    rows = [
        " | ".join(
            [
                _case(entry),
                f"{entry.was:.2f} → {entry.now:.2f}",
                *(_cell(texts[title][index], measure) for title in titles),
            ]
        )
        for index, entry in enumerate(shown)
    ]
    ruled = " | ".join([":--"] * len(head))
    lines = [f"| {row} |" for row in (" | ".join(head), ruled, *rows)]
    left = len(changes) - len(shown)
    more = f"\n\nand {count(left, 'case')} more that got worse" if left else ""
    return "\n".join(lines) + more


def _case(entry: CaseChange) -> str:
    place = f"<br>{code(entry.place, cell=True, most=200)}" if entry.place else ""
    labels = ["must_pass"] * entry.must_pass + ["flaky"] * entry.flaky
    if entry.finish_reason not in ("stop", ""):
        labels.append(f"finish reason {entry.finish_reason}")
    told = f"<br>{code(', '.join(labels), cell=True)}" if labels else ""
    return f"{code(entry.case_id, cell=True, most=200)}{place}{told}"


def _cell(text: str, measure: Measure) -> str:
    return code(text, cell=True, most=measure.characters)


def _diffs(changes: Sequence[SourceChange], measure: Measure) -> str:
    """Return the whole change of the prompt, folded."""
    told = [entry for entry in changes if entry.diff]
    if not told or not measure.diff:
        return ""
    most = measure.diff // len(told)
    blocks = [
        f"{code(entry.label)}\n\n{fenced(entry.diff, 'diff', most=most)}"
        for entry in told
    ]
    return folded("What changed in the prompt", "\n\n".join(blocks))


def _commands(result: TestResult) -> str:
    """Return what deals with a verdict, ready to be copied."""
    verdict = result.verdict
    lines: Iterable[str] = ()
    if verdict.outcome == "fail" or verdict.cause == "report only":
        lines = commands(result)
    elif verdict.outcome == "inconclusive":
        lines = settling(result)
    told = []
    for line in lines:
        purpose, _, command = line.partition(":")
        told += [f"# {purpose}", command.strip()]
    return fenced("\n".join(told), "sh", most=_COMMAND) if told else ""
