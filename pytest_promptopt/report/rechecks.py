"""How other prompt tests take a proposal, in words."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_promptopt.report.lines import Line, runs
from pytest_promptopt.wording import beside, change, count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import Recheck, TestResult

_COLOURS = {"pass": "green", "fail": "red"}
_FIGURES_SAY_IT = ("worse", "better", "same", "unclear")


def recheck_lines(rechecks: Sequence[Recheck], *, withdrawn: bool) -> list[Line]:
    """Return one line for each re-checked test, below one on what it cost.

    Args:
        rechecks: Those of one proposal.
        withdrawn: Whether the proposal is withdrawn: its message has named the tests
            that got worse.
    """
    if not rechecks:
        return []
    calls = sum(recheck.calls + recheck.cached for recheck in rechecks)
    cached = sum(recheck.cached for recheck in rechecks)
    own = sum(recheck.runs for recheck in rechecks)
    lines = [
        Line(
            f"  it changes {count(len(rechecks), 'other prompt test')}; re-checks: "
            f"{count(calls, 'call')}, {cached:,} replayed from the cache"
            + (f", {runs(own)}" if own else "")
        )
    ]
    for recheck in rechecks:
        if not (withdrawn and recheck.outcome == "fail"):
            colour = _COLOURS.get(recheck.outcome, "yellow")
            lines.append(Line(f"    {_one_line(recheck)}", (colour,)))
    return lines


def recheck_items(rechecks: Sequence[Recheck]) -> list[str]:
    """Return the same as lines of a list in a pull request's text, unescaped."""
    return [_one_line(recheck) for recheck in rechecks]


def withdrawal(rechecks: Sequence[Recheck]) -> str:
    """Say which tests got worse with a proposal, on which figures."""
    told = [
        f"{recheck.nodeid} fails with it ({recheck.cause}): {figures(recheck)}"
        for recheck in rechecks
        if recheck.outcome == "fail"
    ]
    return f"Withdrawn, since {'; '.join(told)}."


def together(results: Sequence[TestResult]) -> str:
    """Name the tests that several proposals change, since nothing measured that.

    Args:
        results: Prompt tests with a proposal that is kept.

    Returns:
        A sentence without a capital and a full stop; empty if there is none.
    """
    names = [
        nodeid
        for result in results
        for nodeid in {result.nodeid, *(entry.nodeid for entry in result.rechecks)}
    ]
    shared = sorted(nodeid for nodeid in set(names) if names.count(nodeid) > 1)
    if not shared:
        return ""
    return (
        f"more than one proposal changes what {', '.join(shared)} sends; each was "
        "measured by itself, so run that again once all of them are applied"
    )


def to_run_after(recheck: Recheck) -> str:
    """Return the command that runs a test once the proposal is applied."""
    return f"pytest {shlex.quote(recheck.selector or recheck.nodeid)}"


def _one_line(recheck: Recheck) -> str:
    if recheck.outcome == "not re-checked":
        return (
            f"not re-checked: {recheck.nodeid}: {_on_one_line(recheck.message)}; once "
            f"the proposal is applied, run: {to_run_after(recheck)}"
        )
    head = f"{recheck.nodeid}: {recheck.outcome} ({recheck.cause})"
    return f"{head}: {figures(recheck)}"


def figures(recheck: Recheck) -> str:
    """Write what a re-check came to: ``"90.0% -> 85.0%: -5.0 points, p = ..."``."""
    if recheck.before is None or recheck.after is None:
        return _on_one_line(recheck.message)
    gain = recheck.after - recheck.before
    told = (
        f"{percent(recheck.before)} -> {percent(recheck.after)}: {change(gain)}"
        f"{_chance(recheck, gain)}, {count(recheck.cases, 'case')} x "
        f"{count(recheck.trials, 'trial')}"
    )
    if recheck.cause in _FIGURES_SAY_IT:
        return told
    return f"{told}; {_on_one_line(recheck.message)}"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _chance(recheck: Recheck, gain: float) -> str:
    if recheck.p_value is None or recheck.limit is None:
        return ""
    # It is the p of a drop: beside a gain a bare "p = 1" would be misread.
    of = "" if gain < 0 else "a drop"
    p, limit = beside(recheck.p_value, recheck.limit, of=of)
    return f", {p} (limit {limit})"
