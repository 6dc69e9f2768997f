"""The text of a pull request: what changed, what it gains, how to apply it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.report.markdown import code, fenced, indented, plain
from pytest_promptopt.report.proposal_section import Detail, proposal_section
from pytest_promptopt.report.rechecks import together
from pytest_promptopt.wording import change, count, interval, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import TestResult

TITLE = "# Better prompts: "
"""How the text begins, by which an old one is known."""

MOST = 65_000
"""Characters of a text; the body of a pull request on GitHub may have 65,536."""

DETAILS = (
    Detail(),
    Detail(worse=5, better=0, origin=False, characters=20_000),
    Detail(worse=0, better=0, origin=False, characters=5_000),
    Detail(worse=0, better=0, origin=False, characters=0),
)
"""What is told; the next one if a text would be too long: first the names of most
cases and where a proposal comes from are left out, then the texts themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewText:
    """The new text of a prompt that is in no file.

    Attributes:
        label: What its hook knows it by.
        file: Name of the file that it was written to; empty if it could not be.
        text: The whole text.
    """

    label: str
    file: str
    text: str


def pull_request_text(
    results: Sequence[TestResult],
    *,
    dropped: Sequence[TestResult],
    diff: str,
    command: str,
    texts: Sequence[NewText] = (),
    ending: str = "",
) -> str:
    """Write ``promptopt.md``, or the body of a pull request that has the change in it.

    Args:
        results: Prompt tests with a proposal that is kept.
        dropped: Prompt tests whose proposal lost to another one at the same place.
        diff: The unified diff; empty if no file changes.
        command: What applies it.
        texts: New texts of prompts that are in no file.
        ending: Markdown that stands where else is said how to apply the diff.

    Returns:
        At most :data:`MOST` characters.
    """
    head = f"{TITLE}{count(len(results), 'proposal')}\n\n{proposal_table(results)}"
    tail = [_together(results), _put(texts)]
    tail += [ending or _apply(results, command if diff else ""), _notes(results)]
    for detail in DETAILS:
        middle = [proposal_section(result, detail) for result in results]
        middle += map(_left_out, dropped)
        middle += [_new_text(new, detail) for new in texts]
        middle += [_diff(diff, detail)]
        said = "" if detail == DETAILS[0] else _SHORTENED
        text = _joined([head, *middle, *tail, said])
        if len(text) <= MOST:
            return text
    room = max(0, MOST - len(_joined([head, *tail, said])) - 2)
    cut = _joined(middle)[:room].rpartition("\n")[0]
    return _joined([head, cut, *tail, said])[:MOST]


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _left_out(result: TestResult) -> str:
    return (
        f"Left out: {code(result.prompt)} ({plain(result.nodeid)}), because another "
        "proposal changes the same text and gains as much or more."
    )


_SHORTENED = "This text was shortened to what a pull request can hold."


def proposal_table(results: Sequence[TestResult]) -> str:
    """Return a table with a row for each prompt test that has a proposal."""
    rows = [
        "| prompt | hold-out before | after | gain (95 % interval) | p | cases |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        search = result.search
        if search is None or search.proposal is None:
            continue
        found = search.proposal
        rows.append(
            f"| {code(result.prompt, cell=True)} | {percent(found.before)} "
            f"| **{percent(found.after)}** "
            f"| {change(found.gain)} {interval(found.interval)} "
            f"| {p_value(found.p_value)} | {found.holdout_cases} x {found.trials} |"
        )
    shorter = [
        code(result.prompt)
        for result in results
        if result.search is not None
        and result.search.proposal is not None
        and result.search.proposal.shortening is not None
    ]
    if shorter:
        said = ", ".join(dict.fromkeys(shorter))
        rows += ["", f"{said}: shorter, and p is that of too large a loss; see below."]
    return "\n".join(rows)


def _together(results: Sequence[TestResult]) -> str:
    """Name the prompt tests that several proposals change: nothing measured that."""
    told = together(results)
    return f"{plain(told[0].upper() + told[1:])}." if told else ""


def _diff(diff: str, detail: Detail) -> str:
    if not diff:
        return ""
    if not detail.characters:
        return "The diff is too long to be shown here."
    return fenced(diff, "diff", most=detail.characters)


def _new_text(new: NewText, detail: Detail) -> str:
    where = f", as it stands in {code(new.file)}" if new.file else ""
    if not detail.characters:
        return f"The new text of {code(new.label)}{where} is too long to be shown here."
    shown = fenced(new.text, "text", most=detail.characters)
    return f"The new text of {code(new.label)}{where}:\n\n{shown}"


def _put(texts: Sequence[NewText]) -> str:
    if not texts:
        return ""
    labels = ", ".join(code(new.label) for new in texts)
    each = "the text where it is" if len(texts) == 1 else "each text where it is"
    return f"No diff can change {labels}: put {each} kept."


def _apply(results: Sequence[TestResult], command: str) -> str:
    """Say what to type; without a command there is no diff."""
    names = [result.selector or result.nodeid for result in results]
    names += [
        entry.selector or entry.nodeid
        for result in results
        for entry in result.rechecks
        if entry.outcome == "pass"
    ]
    tests = " ".join(map(shlex.quote, dict.fromkeys(names)))
    record = f"pytest {tests} --promptopt-update-baseline"
    if not command:
        return f"To record the new baselines afterwards:\n\n{indented(record)}"
    undo = command.replace(" apply ", " apply --reverse ", 1)
    return "\n".join(
        [
            "To apply the diff, and to record the new baselines afterwards:",
            "",
            indented(f"{command}\n{record}"),
            "",
            "To undo it, and to record the old ones again:",
            "",
            indented(f"{undo}\n{record}"),
        ]
    )


def _notes(results: Sequence[TestResult]) -> str:
    notes = dict.fromkeys(note for result in results for note in result.notes)
    return "\n".join(f"Note: {plain(note)}" for note in notes)
