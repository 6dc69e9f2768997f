"""The text of a pull request: what changed, what it gains, how to apply it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.report.lines import runs
from pytest_promptopt.report.rechecks import recheck_items, together
from pytest_promptopt.report.search_log import opinion
from pytest_promptopt.wording import (
    chance,
    change,
    count,
    interval,
    money,
    p_value,
    percent,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import TestResult

TITLE = "# Better prompts: "
"""How the text begins, by which an old one is known."""

DIFF_SHOWN = 40_000
"""Characters of the diff that fit a pull request's body beside the rest."""


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
) -> str:
    """Write ``promptopt.md``.

    Args:
        results: Prompt tests with a proposal that is kept.
        dropped: Prompt tests whose proposal lost to another one at the same place.
        diff: The unified diff; empty if no file changes.
        command: What applies it.
        texts: New texts of prompts that are in no file.
    """
    parts = [f"{TITLE}{count(len(results), 'proposal')}", _table(results)]
    parts += [_section(result) for result in results]
    parts += [
        f"Left out: `{_cell(result.prompt)}` ({_plain(result.nodeid)}), because "
        "another proposal changes the same text and gains as much or more."
        for result in dropped
    ]
    parts += [_new_text(new) for new in texts]
    parts += [_fenced(diff, "diff")] if diff else []
    parts += [_together(results), _put(texts)]
    parts += [_apply(results, command if diff else ""), _notes(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(results: Sequence[TestResult]) -> str:
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
            f"| `{_cell(result.prompt)}` | {percent(found.before)} "
            f"| **{percent(found.after)}** "
            f"| {change(found.gain)} {interval(found.interval)} "
            f"| {p_value(found.p_value)} | {found.holdout_cases} x {found.trials} |"
        )
    return "\n".join(rows)


def _section(result: TestResult) -> str:
    search = result.search
    if search is None or search.proposal is None:
        return ""
    found = search.proposal
    words = [
        f"{_words(found.incumbent.texts[address])} -> {_words(text)}"
        for address, text in found.candidate.texts.items()
        if text != found.incumbent.texts.get(address)
    ]
    regions = [
        f"`{_cell(address)}`"
        for address, text in found.candidate.texts.items()
        if text != found.incumbent.texts.get(address)
    ]
    lines = [
        f"## `{_cell(result.prompt)}`",
        "",
        f"- test: `{_cell(result.nodeid)}`",
        f"- changed: {', '.join(regions)} ({', '.join(words)} words)",
        f"- found by: {search.strategy}, seed {search.seed}, "
        f"{count(len(search.steps) - 1, 'step')}, "
        f"{count(sum(step.scored for step in search.steps), 'candidate')} scored on "
        f"{count(search.train_cases, 'train case')}",
        f"- confirmed on: {count(found.holdout_cases, 'hold-out case')} that the "
        f"search never saw, {count(found.trials, 'fresh trial')} each; "
        f"{p_value(found.p_value)}, limit {chance(found.alpha)}; use number "
        f"{found.look + 1} of this hold-out",
        *([f"- {opinion(found.second)}"] if found.second is not None else []),
        f"- calls: {result.paid + result.replayed:,}, {search.optimizer_calls:,} of "
        f"them to the optimizer model `{_cell(result.optimizer_model)}`, "
        f"{result.replayed:,} replayed from the cache"
        + (f"; {runs(result.search_runs)}" if result.search_runs else ""),
        f"- cost: {_cost(result)}",
        f"- task model: `{_cell(result.model)}`",
    ]
    return "\n".join([*lines, *_rechecks(result)])


def _cost(result: TestResult) -> str:
    if result.search_cost is None:
        return "unknown (the price of a model is not known)"
    return money(result.search_cost)


def _rechecks(result: TestResult) -> list[str]:
    """Say how other prompt tests with the same text take the proposal."""
    if not result.rechecks:
        return []
    told = recheck_items(result.rechecks)
    return [
        "- re-checked, with the change against without it:",
        *(f"  - {_plain(line)}" for line in told),
    ]


def _together(results: Sequence[TestResult]) -> str:
    """Name the prompt tests that several proposals change: nothing measured that."""
    told = together(results)
    return f"{_plain(told[0].upper() + told[1:])}." if told else ""


def _new_text(new: NewText) -> str:
    where = f", as it stands in `{_cell(new.file)}`" if new.file else ""
    shown = _fenced(new.text, "text")
    return f"The new text of `{_cell(new.label)}`{where}:\n\n{shown}"


def _fenced(text: str, language: str) -> str:
    shown = text if len(text) <= DIFF_SHOWN else text[:DIFF_SHOWN] + "\n(shortened)\n"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown.rstrip()}\n{fence}"


def _put(texts: Sequence[NewText]) -> str:
    if not texts:
        return ""
    labels = ", ".join(f"`{_cell(new.label)}`" for new in texts)
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
    what = (
        "To apply the diff, and to record the new baselines afterwards:"
        if command
        else "To record the new baselines afterwards:"
    )
    record = f"    pytest {tests} --promptopt-update-baseline"
    return "\n".join([what, "", *([f"    {command}"] if command else []), record])


def _notes(results: Sequence[TestResult]) -> str:
    notes = dict.fromkeys(note for result in results for note in result.notes)
    return "\n".join(f"Note: {_plain(note)}" for note in notes)


def _words(text: str) -> int:
    return len(text.split())


def _cell(text: str) -> str:
    # Within a code span of a table cell only these two would break out.
    return text.replace("`", "'").replace("|", "/").replace("\n", " ")


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|@#!])", r"\\\1", text)
