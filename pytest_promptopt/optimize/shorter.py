"""Confirmation of a shorter prompt: not worse by a margin on cases nobody tuned on.

The five shortest that behave as the start does on train get three more train trials.
The shortest that still does is compared with the start on fresh replies to the hold-out
cases, alone, so that the whole level of this look is its own. A proposal needs a p of
"the loss is as large as the margin" at that level, fewer tokens, and no ``must_pass``
case broken; where a model judges, the second opinion must not fall by more, either.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.comparison import compare
from pytest_promptopt.optimize.confirm import (
    Ending,
    nothing_tried,
    proposal_of,
    take_look,
)
from pytest_promptopt.optimize.objective import tokens_in
from pytest_promptopt.optimize.preflight import FINALISTS, FRESH_TRIALS
from pytest_promptopt.optimize.score_changes import compared_means
from pytest_promptopt.records import Shortening
from pytest_promptopt.stats import alpha_for_look, non_inferiority_p
from pytest_promptopt.wording import count, limit, p_value, percent, points

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_promptopt.optimize.comparison import Comparison
    from pytest_promptopt.optimize.effects import Effect
    from pytest_promptopt.optimize.run import Run
    from pytest_promptopt.records import Candidate, Case


def confirm_shorter(
    run: Run, holdout: tuple[Case, ...]
) -> Generator[Effect, Any, Ending]:
    """Confirm the shortest prompt that behaves the same, or say why there is none.

    Args:
        run: The search; what it set aside pays for this.
        holdout: The hold-out cases.

    Raises:
        BudgetExhausted: Thrown in at a yield.
        ModelError: Too many trials got no reply.
    """
    finalists = run.better()[:FINALISTS]
    if not finalists:
        return Ending("nothing better", _nothing_shorter(run))
    arms = (run.task.incumbent, *finalists)
    run.journal.finalists(finalists)
    trials = 1 + FRESH_TRIALS
    yield from run.measure(arms, run.task.cases, trials)
    chosen = run.shorter(trials, finalists)[:1]
    if not chosen:
        return Ending("nothing better", _nothing_shorter(run))
    look, trials = yield from take_look(run, arms, chosen, holdout)
    entry = not_worse(run, chosen[0], holdout, trials)
    earlier = run.plan.look(look["run"])
    alpha = alpha_for_look(earlier)
    run.journal.compared([entry], alpha)
    told = _figures(run, entry, alpha)
    if why := _objection(run, entry, alpha):
        message = f"Shorter, and as good on train, not confirmed on hold-out: {told}"
        return Ending(
            "unconfirmed", f"{message}{why}.", best=entry.candidate, look=look
        )
    proposal = proposal_of(
        run,
        entry,
        alpha,
        look=earlier,
        trials=trials,
        shortening=_shortening(run, entry),
    )
    return Ending(
        "proposed",
        f"Hold-out: {told}.",
        best=entry.candidate,
        proposal=proposal,
        look=look,
    )


def not_worse(
    run: Run, candidate: Candidate, holdout: Sequence[Case], trials: int
) -> Comparison:
    """Compare a candidate with the start; its p is that of a loss like the margin."""
    pairs = compared_means(
        run.ledger.trials(run.task.incumbent, holdout, trials),
        run.ledger.trials(candidate, holdout, trials),
        holdout,
    )
    p = non_inferiority_p(
        [now - was for _, was, now in pairs],
        run.plan.objective.margin,
        [case.weight for case, _, _ in pairs],
    )
    return replace(compare(run, candidate, holdout, trials), p_value=p)


def _shortening(run: Run, entry: Comparison) -> Shortening:
    return Shortening(
        before=tokens_in(run.task.incumbent),
        after=tokens_in(entry.candidate),
        margin=run.plan.objective.margin,
    )


def _figures(run: Run, entry: Comparison, level: float) -> str:
    short = _shortening(run, entry)
    says = "non-inferior" if entry.p_value <= level else "not shown to be non-inferior"
    return (
        f"{percent(entry.before)} -> {percent(entry.after)} ({says} within "
        f"{points(short.margin)}, {p_value(entry.p_value)}, limit {limit(level)}), "
        f"{short.before:,} -> {short.after:,} tokens, {count(entry.cases, 'case')}"
    )


def _objection(run: Run, entry: Comparison, level: float) -> str:
    """Return why it is not proposed; empty if it is."""
    if entry.broken:
        return f"; breaks must_pass {', '.join(entry.broken)}"
    if entry.p_value > level:
        return "; more hold-out cases could show a smaller loss"
    second = entry.second
    if run.plan.judge is None or not run.plan.judge.second or second is None:
        return ""
    if second.gain < -run.plan.objective.margin:
        return f"; the second opinion loses {points(second.gain)}"
    return ""


def _nothing_shorter(run: Run) -> str:
    scored = len(run.ledger) - 1
    told = f"None of {count(scored, 'candidate')} is shorter and as good on train"
    if not scored:
        told = nothing_tried(run)
    return f"{told}; the hold-out was not used."
