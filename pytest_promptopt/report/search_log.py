"""What a search did and came to, in the section at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.report.gain_split import split_told
from pytest_promptopt.report.lines import SHOWN, Line, runs
from pytest_promptopt.report.rechecks import recheck_lines
from pytest_promptopt.report.score_changes import change_items
from pytest_promptopt.report.stops import stop_reason
from pytest_promptopt.wording import (
    beside,
    change,
    count,
    interval,
    money,
    p_value,
    percent,
    points,
)

if TYPE_CHECKING:
    from pytest_promptopt.records import (
        Proposal,
        SearchResult,
        SecondOpinion,
        Step,
        TestResult,
    )

_COLOURS = {"error": ("red",), "refused": ("yellow",)}


def search_lines(
    result: TestResult, search: SearchResult, *, verbosity: int
) -> list[Line]:
    """Return the lines of one search; its steps only at verbosity 0 and above."""
    head = f"  search ({search.strategy}, seed {search.seed}): {search.outcome}"
    # A proposal's figures have a line of their own below.
    told = f". {search.message}" if search.proposal is None and search.message else ""
    lines = [Line(f"{head}{told}", _COLOURS.get(search.outcome, ()))]
    if search.chosen:
        lines.append(Line(f"  {search.strategy} was chosen: {search.chosen}"))
    lines += [Line(f"  warning: {note}", ("yellow",)) for note in search.notes]
    if search.steps and verbosity >= 0:
        lines.append(Line(f"  {_plan(search)}"))
        lines += [Line(f"  {step_line(step)}") for step in search.steps]
        lines.append(
            Line(
                f"  it ended when {stop_reason(search)}; "
                f"{count(result.paid + result.replayed, 'call')}, "
                f"{_asked(result, search)}, "
                f"{result.replayed:,} replayed from the cache"
                + (f", {money(result.search_cost)}" if result.search_cost else "")
                + (f", {runs(result.search_runs)}" if result.search_runs else "")
            )
        )
    if search.proposal is not None:
        lines.append(Line(f"  {_gain(search.proposal)}", ("green",)))
        if search.proposal.second is not None:
            lines.append(Line(f"  {opinion(search.proposal.second)}", ("green",)))
        if search.proposal.split is not None:
            lines.append(Line(f"  {split_told(search.proposal.split)}"))
        items = change_items(search.proposal, worse=SHOWN, better=SHOWN)
        lines += [Line(f"  {item}") for item in items[:2]]
    withdrawn = search.proposal is None
    return [*lines, *recheck_lines(result.rechecks, withdrawn=withdrawn)]


def _plan(search: SearchResult) -> str:
    held = count(search.holdout_cases, "hold-out case")
    told = f"plan: {search.train_cases:,} train and {held}"
    if search.smallest_gain is None:
        return told
    return f"{told}; gains are confirmed from {points(search.smallest_gain)} up"


def _gain(proposal: Proposal) -> str:
    if proposal.shortening is not None:
        return (
            f"hold-out {shortening(proposal)}, "
            f"{count(proposal.holdout_cases, 'case')} x "
            f"{count(proposal.trials, 'trial')}, look {proposal.look + 1}"
        )
    return (
        f"hold-out {percent(proposal.before)} -> {percent(proposal.after)}: "
        f"{change(proposal.gain)} {interval(proposal.interval)}, "
        f"{' (limit '.join(beside(proposal.p_value, proposal.alpha))}), "
        f"{count(proposal.holdout_cases, 'case')} x "
        f"{count(proposal.trials, 'trial')}, look {proposal.look + 1}"
    )


def shortening(proposal: Proposal) -> str:
    """Say that a shorter prompt is as good, and how much shorter it is."""
    short = proposal.shortening
    if short is None:
        return ""
    p = " (limit ".join(beside(proposal.p_value, proposal.alpha))
    return (
        f"{percent(proposal.before)} -> {percent(proposal.after)} (non-inferior within "
        f"{points(short.margin)}, {p})), {short.before:,} -> {short.after:,} tokens "
        "(estimated)"
    )


def _asked(result: TestResult, search: SearchResult) -> str:
    if not search.optimizer_calls:
        return "none of them to an optimizer model"
    asked = f"{search.optimizer_calls:,} of them to the optimizer model"
    return f"{asked} {result.optimizer_model}"


def opinion(second: SecondOpinion) -> str:
    """Say what the second opinion on a proposal is, where a model has judged."""
    return (
        f"second opinion: {percent(second.before)} -> {percent(second.after)}, "
        f"{change(second.gain)}, {p_value(second.p_value)}, "
        f"{count(second.cases, 'case')}"
    )


def step_line(step: Step) -> str:
    """Say in one line what a step of a search came to."""
    best = f"best on train {percent(step.best)}"
    spent = f"{count(step.calls, 'call')} so far"
    spent += f", {money(step.cost)}" if step.cost else ""
    turned = ", ".join(f"{name} {n}" for name, n in sorted(step.rejected.items()))
    away = f", turned away: {turned}" if turned else ""
    if not step.number:
        return f"start: {best}{away}, {spent}"
    # Examples are chosen, not asked for.
    tried = (
        f"{step.scored} of {step.asked} tried" if step.asked else f"{step.scored} tried"
    )
    return f"step {step.number}: {best}, {tried}{away}, {spent}"
