"""The text of a pull request: what changed, what it gains, how to apply it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pytest_promptopt.wording import chance, change, count, interval, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.records import TestResult

TITLE = "# Better prompts: "
"""How the text begins, by which an old one is known."""

DIFF_SHOWN = 40_000
"""Characters of the diff that fit a pull request's body beside the rest."""


def pull_request_text(
    results: Sequence[TestResult],
    *,
    dropped: Sequence[TestResult],
    diff: str,
    command: str,
) -> str:
    """Write ``promptopt.md``.

    Args:
        results: Prompt tests with a proposal that the diff holds.
        dropped: Prompt tests whose proposal lost to another one at the same place.
        diff: The unified diff.
        command: What applies it.
    """
    parts = [f"{TITLE}{count(len(results), 'proposal')}", _table(results)]
    parts += [_section(result) for result in results]
    parts += [
        f"Left out: `{_cell(result.prompt)}` ({_plain(result.nodeid)}), because "
        "another proposal changes the same text and gains as much or more."
        for result in dropped
    ]
    parts += [_diff(diff), _apply(results, command), _notes(results)]
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
        f"- calls: {result.paid + result.replayed:,}, {search.optimizer_calls:,} of "
        f"them to the optimizer model `{_cell(result.optimizer_model)}`, "
        f"{result.replayed:,} replayed from the cache",
        "- cost: unknown (no price table)",
        f"- task model: `{_cell(result.model)}`",
    ]
    return "\n".join(lines)


def _diff(diff: str) -> str:
    shown = diff if len(diff) <= DIFF_SHOWN else diff[:DIFF_SHOWN] + "\n(shortened)\n"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}diff\n{shown.rstrip()}\n{fence}"


def _apply(results: Sequence[TestResult], command: str) -> str:
    tests = " ".join(
        shlex.quote(result.selector or result.nodeid) for result in results
    )
    return "\n".join(
        [
            "To apply it, and to record the new baselines afterwards:",
            "",
            f"    {command}",
            f"    pytest {tests} --promptopt-update-baseline",
        ]
    )


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
