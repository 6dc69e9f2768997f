"""Confirmation: the best on train must be better on cases nobody tuned on.

The five best on train get three more train trials, and two of them, the best and the
shortest that cannot be told from it, or else the second, are compared with the
incumbent on fresh replies to the hold-out cases. A proposal needs an
exact case-level sign-flip p that holds after Holm at this look's level, a gain of two
points, and no ``must_pass`` case broken; where a model judges, a second opinion must
see a gain, too. If nothing beats the incumbent on train, the hold-out stays unused and
no look is spent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.optimize.comparison import (
    MIN_GAIN,
    Comparison,
    compare,
    figures,
    train_changes,
)
from pytest_promptopt.optimize.effects import Measure
from pytest_promptopt.optimize.finalists import shortest_equal, still_better
from pytest_promptopt.optimize.opinion import figures as opinion_figures
from pytest_promptopt.optimize.opinion import objection
from pytest_promptopt.optimize.preflight import (
    CONFIRMED_AT_ONCE,
    FINALISTS,
    FRESH_TRIALS,
)
from pytest_promptopt.optimize.score_changes import (
    most_telling,
)
from pytest_promptopt.records import Proposal, digest
from pytest_promptopt.stats import (
    alpha_for_look,
    holm,
)
from pytest_promptopt.wording import (
    points,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from pytest_promptopt.optimize.effects import Effect
    from pytest_promptopt.optimize.ledger import Ledger
    from pytest_promptopt.optimize.run import Run
    from pytest_promptopt.records import (
        Candidate,
        Case,
        Shortening,
    )


Outcome = Literal["proposed", "unconfirmed", "nothing better", "refused", "error"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a search ended.

    Attributes:
        outcome: As in :class:`~pytest_promptopt.records.SearchResult`.
        message: The same in a sentence or two.
        best: The best candidate on train; ``None`` if none beats the incumbent.
        proposal: The confirmed candidate, if there is one.
        look: A line for the committed file of looks, if the hold-out was used.
        bare: As in :class:`~pytest_promptopt.records.SearchResult`.
    """

    outcome: Outcome
    message: str
    best: Candidate | None = None
    proposal: Proposal | None = None
    look: Mapping[str, Any] | None = None
    bare: str = ""


def confirm(run: Run, holdout: tuple[Case, ...]) -> Generator[Effect, Any, Ending]:
    """Confirm the best of a search, or say why there is nothing to propose.

    Args:
        run: The search; what it set aside pays for this.
        holdout: The hold-out cases.

    Raises:
        BudgetExhausted: Thrown in at a yield.
        ModelError: Too many trials got no reply.
    """
    finalists = run.better()[:FINALISTS]
    if not finalists:
        return Ending("nothing better", _nothing_better(run))
    arms = (run.task.incumbent, *finalists)
    run.journal.finalists(finalists)
    yield from run.measure(arms, run.task.cases, 1 + FRESH_TRIALS)
    chosen = still_better(run, finalists, 1 + FRESH_TRIALS)[:CONFIRMED_AT_ONCE]
    if not chosen:
        return Ending("nothing better", _nothing_better(run))
    look, trials = yield from take_look(run, arms, chosen, holdout)
    compared = [compare(run, candidate, holdout, trials) for candidate in chosen]
    first = compared[0]
    run.scores.on_holdout(run.task.incumbent, first.before, first.cases, run.calls)
    for entry in compared:
        run.scores.on_holdout(entry.candidate, entry.after, entry.cases, run.calls)
    return _decide(run, compared, look, holdout, trials)


def take_look(
    run: Run,
    arms: Sequence[Candidate],
    chosen: Sequence[Candidate],
    holdout: tuple[Case, ...],
) -> Generator[Effect, Any, tuple[Mapping[str, Any], int]]:
    """Measure the incumbent and what is to be confirmed on the hold-out.

    Args:
        run: The search.
        arms: The candidates whose train trials tell whether the model is deterministic.
        chosen: What is to be confirmed.
        holdout: The hold-out cases.

    Returns:
        The line for the committed file of looks, and the fresh trials of each case.
    """
    trials = 1 if deterministic(run.ledger, arms, run.task.cases) else FRESH_TRIALS
    look = look_line(run.task.incumbent, holdout, chosen, run.plan.seed)
    yield from run.carry_out(
        Measure(
            candidates=(run.task.incumbent, *chosen),
            cases=holdout,
            indices=range(trials),
            purpose="holdout",
            run=look["run"],
        )
    )
    return look, trials


def look_line(
    incumbent: Candidate,
    holdout: Sequence[Case],
    chosen: Sequence[Candidate],
    seed: int,
) -> dict[str, Any]:
    """Return the line that records one use of the hold-out.

    The run's id names the draws of the hold-out trials: the same run finds them in
    the cache, any other run draws anew.
    """
    hashes = sorted(case.hash for case in holdout)
    keys = [candidate.key for candidate in chosen]
    return {
        "incumbent": incumbent.key,
        "holdout": hashes,
        "run": digest([incumbent.key, hashes, keys, seed]),
    }


def _decide(
    run: Run,
    compared: Sequence[Comparison],
    look: Mapping[str, Any],
    holdout: Sequence[Case],
    trials: int,
) -> Ending:
    earlier = run.plan.look(look["run"])
    alpha = alpha_for_look(earlier)
    run.journal.compared(compared, alpha)
    adjusted = holm([entry.p_value for entry in compared])
    by_p = sorted(range(len(compared)), key=lambda index: compared[index].p_value)
    levels = {index: alpha / (len(by_p) - rank) for rank, index in enumerate(by_p)}
    borne_out = [
        index
        for index, entry in enumerate(compared)
        if adjusted[index] <= alpha and entry.is_large and not entry.broken
    ]
    best = compared[0].candidate
    if not borne_out:
        message = _not_borne_out(compared, levels)
        return Ending("unconfirmed", message, best=best, look=look)
    # Equal gains: the one that train ranks first.
    by_gain = sorted(borne_out, key=lambda at: (-compared[at].gain, at))
    objections = {at: _objection(run, compared[at], levels[at]) for at in by_gain}
    index = by_gain[0]
    if free := {compared[at].candidate.key: at for at in by_gain if not objections[at]}:
        rivals = [compared[at].candidate for at in free.values()]
        index = free[shortest_equal(run, rivals, holdout, trials).key]
    entry, level = compared[index], levels[index]
    if objections[index]:
        message = (
            f"Better on hold-out by the judge alone: {figures(entry, level)}; "
            f"{objections[index]}."
        )
        return Ending("unconfirmed", message, best=entry.candidate, look=look)
    message = f"Hold-out: {figures(entry, level)}."
    if entry.second is not None:
        message += f" Second opinion: {opinion_figures(entry.second, level)}."
    proposal = proposal_of(run, entry, level, look=earlier, trials=trials)
    return Ending("proposed", message, best=best, proposal=proposal, look=look)


def _objection(run: Run, entry: Comparison, level: float) -> str:
    judge = run.plan.judge
    return "" if judge is None else objection(judge, entry.second, level)


def proposal_of(
    run: Run,
    entry: Comparison,
    level: float,
    *,
    look: int,
    trials: int,
    shortening: Shortening | None = None,
) -> Proposal:
    """Return the proposal of a candidate that the hold-out has borne out.

    Args:
        run: The search.
        entry: The candidate against the incumbent.
        level: What its p was held against.
        look: How often the hold-out had been used before.
        trials: Fresh trials of each hold-out case.
        shortening: How much shorter it is, if that was the aim.
    """
    return Proposal(
        candidate=entry.candidate,
        incumbent=run.task.incumbent,
        edits=run.plan.prompt.edits(entry.candidate),
        texts=run.plan.prompt.supplied_texts(entry.candidate),
        before=entry.before,
        after=entry.after,
        interval=entry.interval,
        p_value=entry.p_value,
        alpha=level,
        look=look,
        holdout_cases=entry.cases,
        trials=trials,
        second=entry.second,
        worse=sum(change.gain < 0 for change in entry.changes),
        better=sum(change.gain > 0 for change in entry.changes),
        changes=(
            *most_telling(entry.changes),
            *most_telling(train_changes(run, entry.candidate)),
        ),
        split=entry.split,
        prompt=run.plan.prompt.snapshot(),
        shortening=shortening,
    )


def deterministic(
    ledger: Ledger, arms: Sequence[Candidate], cases: Sequence[Case]
) -> bool:
    """Tell whether every repeated train trial gave the same reply and score."""
    repeated = [
        [trial for trial in entry if trial.missing is None]
        for arm in arms
        for entry in ledger.trials(arm, cases, 1 + FRESH_TRIALS).values()
    ]
    return all(
        len({(trial.output, trial.score.value) for trial in entry}) == 1
        for entry in repeated
        if entry
    )


def _nothing_better(run: Run) -> str:
    scored = len(run.ledger) - 1
    told = f"No candidate of {scored} beat the start on the train cases"
    if not scored:
        told = nothing_tried(run)
    return f"{told}; the hold-out was not used."


def nothing_tried(run: Run) -> str:
    """Say why no new text was scored, without a full stop."""
    if run.start == 1.0 and not run.plan.objective.shrinks:
        return "The start got every train case right"
    replies = run.optimizer_calls
    turned = sum(sum(step.rejected.values()) for step in run.log)
    # What was not turned away could be tried, and was not paid for.
    if not run.affords(run.train_calls) and (turned < replies or not replies):
        return "What the search may spend was used up before a new text was scored"
    if not replies:
        return "No new text was tried"
    return f"None of {replies:,} replies held a text that could be tried"


def _not_borne_out(compared: Sequence[Comparison], levels: Mapping[int, float]) -> str:
    lines = []
    for index, entry in enumerate(compared):
        told = figures(entry, levels[index])
        if entry.p_value <= levels[index] and not entry.is_large:
            told += f"; at least {points(MIN_GAIN)} are needed"
        if entry.broken:
            told += f"; breaks must_pass {', '.join(entry.broken)}"
        lines.append(told)
    return f"Better on train, not confirmed on hold-out: {' / '.join(lines)}."
