"""What the terminal shows: a failing test's text, and the section at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.wording import (
    chance,
    change,
    count,
    interval,
    p_value,
    percent,
    points,
    shortened,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.records import (
        CaseChange,
        SearchResult,
        Step,
        TestResult,
        Verdict,
    )

SHOWN = 5
"""Cases that a failure names; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of terminal text.

    Attributes:
        text: The text, without line end.
        marks: Colours and styles in pytest's words: ``"red"``, ``"bold"``.
    """

    text: str
    marks: tuple[str, ...] = ()


COLOURS = {"pass": "green", "fail": "red", "error": "red", "inconclusive": "yellow"}

_SEARCH_COLOURS = {"error": ("red",), "refused": ("yellow",)}


def one_line(result: TestResult) -> str:
    """Say in one line what was decided, on which figures."""
    verdict = result.verdict
    head = f"{verdict.outcome} ({verdict.cause})"
    facts = _figures(verdict)
    if verdict.outcome == "error" or not facts:
        reason = verdict.message.splitlines()[0] if verdict.message else ""
        return f"{head}: {reason}" if reason else head
    return f"{head}: {facts}"


def _figures(verdict: Verdict) -> str:
    if verdict.accuracy is None:
        return ""
    parts = [
        f"{percent(verdict.accuracy)} {interval(verdict.interval)}".strip()
        + f" of {count(verdict.cases, 'case')}"
    ]
    if verdict.baseline_accuracy is not None and verdict.cause != "unchanged":
        parts.append(
            f"baseline {percent(verdict.baseline_accuracy)}, {change(verdict.change)}"
        )
    # The p-value is that of a drop; where there is none it says nothing.
    if verdict.p_value is not None and (verdict.change or 0.0) < 0.0:
        held = f" (limit {chance(verdict.limit)})" if verdict.limit is not None else ""
        parts.append(p_value(verdict.p_value) + held)
    if verdict.cause == "unchanged":
        parts.append(f"recorded {verdict.baseline_date}")
    elif verdict.detectable is not None:
        parts.append(f"smallest drop it could show {points(verdict.detectable)}")
    return ", ".join(parts)


def failure(result: TestResult, *, already: str | None = None) -> str:
    """Say why a prompt test failed and what deals with it.

    Args:
        result: Its verdict is ``"fail"`` or ``"error"``.
        already: Node id of a test that failed with the same error before, which is
            then not told again.
    """
    verdict = result.verdict
    head = f"{result.prompt}: {verdict.outcome} ({verdict.cause})"
    if verdict.outcome == "error":
        if already is not None:
            return f"{head}: for the same reason as {already}"
        what = "This says nothing about the prompt: no reply was scored as wrong."
        tail = [what] if verdict.cause in ("provider", "budget") else []
        return "\n".join([head, *_indented(verdict.message), *tail])
    lines = [head, *_indented(verdict.message)]
    lines += [f"  {line}" for line in _grounds(verdict)]
    lines += _changes("worse", verdict.worse)
    if verdict.better:
        lines.append(f"  better: {count(len(verdict.better), 'case')}")
    for name in ("missing", "removed", "changed", "added"):
        ids = getattr(verdict, name)
        if ids:
            lines.append(f"  {name}: {_listed(ids)}")
    lines += [f"  {command}" for command in commands(result)]
    return "\n".join(lines)


def _grounds(verdict: Verdict) -> list[str]:
    """Say how sure the figures of a failure are."""
    lines = []
    if verdict.baseline_interval is not None:
        lines.append(
            f"95% intervals: edited {interval(verdict.interval)}, "
            f"baseline {interval(verdict.baseline_interval)}"
        )
    if verdict.edited_tests and verdict.trials:
        lines.append(
            f"compared: {count(verdict.trials, 'fresh trial')} of each case in "
            f"both arms; {count(verdict.edited_tests, 'edited prompt test')} in all"
        )
    if verdict.detectable is not None:
        lines.append(
            f"smallest drop this suite could have shown: {points(verdict.detectable)}"
        )
    return lines


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


def _changes(title: str, changes: Sequence[CaseChange]) -> list[str]:
    lines = [f"  {title}: {_changed(entry)}" for entry in changes[:SHOWN]]
    if len(changes) > SHOWN:
        lines.append(f"  {title}: and {count(len(changes) - SHOWN, 'case')} more")
    return lines


def _changed(entry: CaseChange) -> str:
    where = f" ({entry.place})" if entry.place else ""
    return (
        f"{entry.case_id}{where} {entry.was:.2f} -> {entry.now:.2f}: "
        f"expected {shortened(entry.expected)}, got {shortened(entry.got)}, "
        f"before {shortened(entry.before)}"
    )


def _listed(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:SHOWN])
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return f"{count(len(ids), 'case')}: {shown}{more}"


def quoted(nodeid: str) -> str:
    """Quote a node id for a POSIX shell."""
    import shlex

    return shlex.quote(nodeid)


def commands(result: TestResult) -> list[str]:
    """Return the commands that deal with a failing prompt test."""
    test = f"pytest {quoted(result.selector or result.nodeid)}"
    found = []
    if result.verdict.worse:
        case = quoted(result.verdict.worse[0].case_id)
        found.append(f"to see one case:      {test} --promptopt-case={case}")
    if result.verdict.cause == "no baseline":
        return [f"to record a baseline: {test} --promptopt-update-baseline"]
    if result.verdict.cause != "floor":  # which a new baseline does not lower
        found.append(f"to accept the change: {test} --promptopt-update-baseline")
    return [*found, f"to find a better one: {test} --optimize-prompts"]


def summary(
    results: Sequence[TestResult],
    *,
    written: Iterable[str],
    remarks: Iterable[str] = (),
    problems: Iterable[str],
    apply_command: str | None,
    verbosity: int,
) -> list[Line]:
    """Return the lines of the section at the end of a run.

    Args:
        results: The prompt tests, in order.
        written: Files written, as the user would name them.
        remarks: What was left out on purpose.
        problems: What could not be written.
        apply_command: What applies the diff, if one was written.
        verbosity: Pytest's; below 0 only what needs attention is shown.
    """
    lines: list[Line] = []
    names = _names(result.nodeid for result in results)
    for result in results:
        lines += _test_lines(result, verbosity, names[result.nodeid])
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


def _test_lines(result: TestResult, verbosity: int, name: str) -> list[Line]:
    verdict, search = result.verdict, result.search
    if verdict.cause == "one case":
        return [Line(text) for text in verdict.message.splitlines()]
    unheeded = verdict.cause == "report only"
    attention = verdict.outcome != "pass" or search is not None or unheeded
    if verbosity < 0 and not attention:
        return []
    calls = f"  [{count(result.calls, 'call')}"
    calls += f", {result.cached:,} from the cache]" if result.cached else "]"
    by = f", {result.model}" if result.model else ""
    head = f"{result.prompt} ({name}{by})"
    lines = [
        Line(f"{head}: {one_line(result)}{calls}", (COLOURS[verdict.outcome],)),
    ]
    if verdict.outcome == "inconclusive":
        told = _figures(verdict) == ""  # then the line above has said it
        lines += [Line(f"  {text}") for text in verdict.message.splitlines()[told:]]
        if verdict.cause == "no baseline":
            lines += [Line(f"  {command}") for command in commands(result)]
    if unheeded:
        lines += [Line(text) for text in failure(result).splitlines()[1:]]
    elif verbosity > 0:
        lines += [Line(text) for text in _changes("worse", verdict.worse)]
        lines += [Line(text) for text in _changes("better", verdict.better)]
    if search is not None:
        lines += _search_lines(result, search, verbosity)
    return lines


def _search_lines(
    result: TestResult, search: SearchResult, verbosity: int
) -> list[Line]:
    head = f"  search ({search.strategy}, seed {search.seed}): {search.outcome}"
    # A proposal's figures have a line of their own below.
    told = f". {search.message}" if search.proposal is None and search.message else ""
    lines = [Line(f"{head}{told}", _SEARCH_COLOURS.get(search.outcome, ()))]
    if search.steps and verbosity >= 0:
        lines += [Line(f"  {step_line(step)}") for step in search.steps]
        lines.append(
            Line(
                f"  stopped: {search.stopped}; "
                f"{count(result.paid + result.replayed, 'call')}, "
                f"{search.optimizer_calls:,} of them to {result.optimizer_model}, "
                f"{result.replayed:,} replayed from the cache"
            )
        )
    proposal = search.proposal
    if proposal is not None:
        lines.append(
            Line(
                f"  hold-out {percent(proposal.before)} -> {percent(proposal.after)}: "
                f"{change(proposal.gain)} {interval(proposal.interval)}, "
                f"{p_value(proposal.p_value)} (limit {chance(proposal.alpha)}), "
                f"{count(proposal.holdout_cases, 'case')} x "
                f"{count(proposal.trials, 'trial')}, look {proposal.look + 1}",
                ("green",),
            )
        )
    return lines


def step_line(step: Step) -> str:
    """Say in one line what a step of a search came to."""
    turned = ", ".join(f"{name} {n}" for name, n in sorted(step.rejected.items()))
    away = f", turned away: {turned}" if turned else ""
    return (
        f"step {step.number}: best on train {percent(step.best)}, "
        f"{step.asked} asked, {step.scored} scored{away}, {step.calls:,} calls so far"
    )
