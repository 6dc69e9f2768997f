"""One proposal in the text of a pull request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.report.gain_split import split_told
from pytest_promptopt.report.lineage import lineage_items
from pytest_promptopt.report.lines import runs
from pytest_promptopt.report.markdown import code, plain
from pytest_promptopt.report.rechecks import recheck_items
from pytest_promptopt.report.recipients import recipient_items
from pytest_promptopt.report.score_changes import BETTER, WORSE, change_items
from pytest_promptopt.report.search_log import opinion, shortening
from pytest_promptopt.report.stops import stop_reason
from pytest_promptopt.report.word_changes import changed_texts
from pytest_promptopt.wording import chance, count, money, p_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_promptopt.records import Proposal, SearchResult, TestResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """How much is told.

    Attributes:
        worse: Cases that are named of those that got worse.
        better: The same of those that got better.
        origin: Whether it is told where a proposal comes from.
        characters: What is shown of the diff and of each new text.
    """

    worse: int = WORSE
    better: int = BETTER
    origin: bool = True
    characters: int = 40_000


def proposal_section(result: TestResult, detail: Detail) -> str:
    """Return the section on one prompt test; empty if it has no proposal."""
    search = result.search
    if search is None or search.proposal is None:
        return ""
    found = search.proposal
    cases = change_items(found, worse=detail.worse, better=detail.better)
    line = lineage_items(search.lineage) if detail.origin else []
    lines = [
        f"## {code(result.prompt)}",
        "",
        f"- test: {code(result.nodeid)}",
        *_changed(found),
        *_below("cases:", cases),
        f"- confirmed on: {count(found.holdout_cases, 'hold-out case')} that the "
        f"search never saw, {count(found.trials, 'fresh trial')} each; "
        f"{p_value(found.p_value)}, limit {chance(found.alpha)}; use number "
        f"{found.look + 1} of this hold-out",
        *([f"- shorter: {shortening(found)}"] if found.shortening is not None else []),
        *([f"- {split_told(found.split)}"] if found.split is not None else []),
        *([f"- {opinion(found.second)}"] if found.second is not None else []),
        _found_by(search),
        *_below("comes from:", line),
        _calls(result, search),
        f"- cost: {_cost(result)}",
        *_below("which text went where:", recipient_items(result.recipients)),
        *_below(
            "re-checked, with the change against without it:",
            recheck_items(result.rechecks),
        ),
    ]
    return "\n".join(lines)


def _changed(found: Proposal) -> list[str]:
    changed = changed_texts(found.incumbent.texts, found.candidate.texts)
    return [
        f"- changed: {code(address)} ({change})"
        + (f", which shows {_shown(found, address)}" if _shown(found, address) else "")
        for address, change in changed
    ]


def _shown(found: Proposal, address: str) -> str:
    """Name the train cases that a region of examples is made of."""
    return ", ".join(map(code, found.candidate.examples.get(address, ())))


def _found_by(search: SearchResult) -> str:
    return (
        f"- found by: {plain(search.strategy)}"
        + (f" (chosen: {search.chosen})" if search.chosen else "")
        + f", seed {search.seed}, "
        f"{count(len(search.steps) - 1, 'step')}, "
        f"{count(sum(step.scored for step in search.steps), 'candidate')} scored on "
        f"{count(search.train_cases, 'train case')}; it ended when "
        f"{stop_reason(search)}"
    )


def _calls(result: TestResult, search: SearchResult) -> str:
    asked = "none of them to an optimizer model"
    if search.optimizer_calls:
        model = code(result.optimizer_model)
        asked = f"{search.optimizer_calls:,} of them to the optimizer model {model}"
    return (
        f"- calls: {result.paid + result.replayed:,}, {asked}, "
        f"{result.replayed:,} replayed from the cache"
        + (f"; {runs(result.search_runs)}" if result.search_runs else "")
    )


def _cost(result: TestResult) -> str:
    if result.search_cost is None:
        return "unknown (the price of a model is not known)"
    return money(result.search_cost)


def _below(head: str, items: Iterable[str]) -> list[str]:
    told = [f"  - {plain(item)}" for item in items]
    return [f"- {head}", *told] if told else []
