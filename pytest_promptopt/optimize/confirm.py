"""Confirmation: the best on train must be better on cases nobody tuned on.

The five best on train get three more train trials, and the best two of them are
compared with the incumbent on fresh replies to the hold-out cases. A proposal needs an
exact case-level sign-flip p that holds after Holm at this look's level, a gain of two
points, and no ``must_pass`` case broken; where a model judges, a second opinion must
see a gain, too. If nothing beats the incumbent on train, the hold-out stays unused and
no look is spent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.optimize.effects import Measure
from pytest_promptopt.optimize.ledger import Ledger, case_mean
from pytest_promptopt.optimize.opinion import figures as opinion_figures
from pytest_promptopt.optimize.opinion import objection, second_opinion
from pytest_promptopt.optimize.preflight import (
    CONFIRMED_AT_ONCE,
    FINALISTS,
    FRESH_TRIALS,
)
from pytest_promptopt.optimize.ranking import best_first
from pytest_promptopt.records import Proposal, digest
from pytest_promptopt.stats import (
    alpha_for_look,
    difference_interval,
    holm,
    sign_flip_p,
    weighted_mean,
)
from pytest_promptopt.wording import chance, change, count, interval, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from pytest_promptopt.optimize.effects import Effect
    from pytest_promptopt.optimize.run import Run
    from pytest_promptopt.records import Candidate, Case, SecondOpinion, Trial

MIN_GAIN = 0.02
"""A smaller hold-out gain is not proposed, as a share."""

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
    """

    outcome: Outcome
    message: str
    best: Candidate | None = None
    proposal: Proposal | None = None
    look: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A candidate against the incumbent on the hold-out.

    Attributes:
        candidate: The candidate.
        before: Accuracy of the incumbent over the compared cases, in [0, 1].
        after: Accuracy of the candidate over the same cases.
        interval: 95 % interval of the gain, as shares.
        p_value: One-sided exact case-level sign-flip p.
        cases: How many cases were compared.
        broken: Ids of ``must_pass`` cases that the candidate breaks.
        second: What the second opinion says, where a model judges and there is one.
    """

    candidate: Candidate
    before: float
    after: float
    interval: tuple[float, float]
    p_value: float
    cases: int
    broken: tuple[str, ...] = ()
    second: SecondOpinion | None = None

    @property
    def gain(self) -> float:
        """Hold-out gain, as a share."""
        return self.after - self.before


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
    yield from run.measure(arms, run.task.cases, 1 + FRESH_TRIALS)
    chosen = _still_better(run, finalists)[:CONFIRMED_AT_ONCE]
    if not chosen:
        return Ending("nothing better", _nothing_better(run))
    trials = 1 if _deterministic(run.ledger, arms, run.task.cases) else FRESH_TRIALS
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
    compared = [compare(run, candidate, holdout, trials) for candidate in chosen]
    return _decide(run, compared, look, trials)


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


def compare(
    run: Run, candidate: Candidate, holdout: Sequence[Case], trials: int
) -> Comparison:
    """Compare a candidate with the incumbent, case by case.

    A case that the incumbent got no score for says nothing. A case whose replies to
    the candidate came but were not scored counts as wrong: a candidate must not gain
    by making the test skip.
    """
    old = run.ledger.trials(run.task.incumbent, holdout, trials)
    new = run.ledger.trials(candidate, holdout, trials)
    pairs = []
    for case in holdout:
        was, now = case_mean(old[case.id]), case_mean(new[case.id])
        if now is None and any(trial.missing is None for trial in new[case.id]):
            now = 0.0
        if was is not None and now is not None:
            pairs.append((case.weight, was, now))
    weights = [weight for weight, _, _ in pairs]
    differences = [now - was for _, was, now in pairs]
    return Comparison(
        candidate=candidate,
        before=weighted_mean([was for _, was, _ in pairs], weights) if pairs else 0.0,
        after=weighted_mean([now for _, _, now in pairs], weights) if pairs else 0.0,
        interval=difference_interval(differences, weights) if pairs else (-1.0, 1.0),
        p_value=sign_flip_p(differences, side="gain", weights=weights),
        cases=len(pairs),
        broken=_broken(run, candidate, (*run.task.cases, *holdout)),
        second=None if run.plan.judge is None else second_opinion(old, new, holdout),
    )


def _decide(
    run: Run, compared: Sequence[Comparison], look: Mapping[str, Any], trials: int
) -> Ending:
    earlier = run.plan.look(look["run"])
    alpha = alpha_for_look(earlier)
    adjusted = holm([entry.p_value for entry in compared])
    by_p = sorted(range(len(compared)), key=lambda index: compared[index].p_value)
    levels = {index: alpha / (len(by_p) - rank) for rank, index in enumerate(by_p)}
    borne_out = [
        index
        for index, entry in enumerate(compared)
        if adjusted[index] <= alpha and entry.gain >= MIN_GAIN and not entry.broken
    ]
    best = compared[0].candidate
    if not borne_out:
        message = _not_borne_out(compared, levels)
        return Ending("unconfirmed", message, best=best, look=look)
    # Equal gains: the one that train ranks first.
    by_gain = sorted(borne_out, key=lambda at: (-compared[at].gain, at))
    objections = {at: _objection(run, compared[at], levels[at]) for at in by_gain}
    index = next((at for at in by_gain if not objections[at]), by_gain[0])
    entry, level = compared[index], levels[index]
    if objections[index]:
        message = (
            f"Better on hold-out by the judge alone: {_figures(entry, level)}; "
            f"{objections[index]}."
        )
        return Ending("unconfirmed", message, best=entry.candidate, look=look)
    message = f"Hold-out: {_figures(entry, level)}."
    if entry.second is not None:
        message += f" Second opinion: {opinion_figures(entry.second, level)}."
    proposal = _proposal(run, entry, level, look=earlier, trials=trials)
    return Ending("proposed", message, best=best, proposal=proposal, look=look)


def _objection(run: Run, entry: Comparison, level: float) -> str:
    judge = run.plan.judge
    return "" if judge is None else objection(judge, entry.second, level)


def _proposal(
    run: Run, entry: Comparison, level: float, *, look: int, trials: int
) -> Proposal:
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
    )


def _still_better(run: Run, finalists: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return the finalists that beat the incumbent over all train trials."""
    keys = {candidate.key for candidate in finalists}
    ranked = best_first(run.ledger.ranked(run.task.cases, 1 + FRESH_TRIALS))
    start = next(
        (entry.mean for entry in ranked if entry.candidate == run.task.incumbent), 0.0
    )
    return tuple(
        entry.candidate
        for entry in ranked
        if entry.candidate.key in keys and entry.mean > start + 1e-9
    )


def _deterministic(
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


def _broken(run: Run, candidate: Candidate, cases: Sequence[Case]) -> tuple[str, ...]:
    """Return the ``must_pass`` cases that the incumbent passes and a candidate fails.

    To pass is to be wholly right in most of the trials: one slip of a model in four
    trials is noise, in either arm.
    """
    must = [case for case in cases if case.must_pass]
    every = 1 + FRESH_TRIALS
    old = run.ledger.trials(run.task.incumbent, must, every)
    new = run.ledger.trials(candidate, must, every)
    return tuple(
        case.id
        for case in must
        if _mostly_right(old[case.id]) is True and _mostly_right(new[case.id]) is False
    )


def _mostly_right(trials: Sequence[Trial]) -> bool | None:
    seen = [trial for trial in trials if trial.missing is None]
    right = sum(trial.score.value == 1.0 for trial in seen)
    return 2 * right > len(seen) if seen else None


def _nothing_better(run: Run) -> str:
    scored = len(run.ranking()) - 1
    return (
        f"No candidate of {scored} beat the start on the train cases; "
        "the hold-out was not used."
    )


def _not_borne_out(compared: Sequence[Comparison], levels: Mapping[int, float]) -> str:
    lines = []
    for index, entry in enumerate(compared):
        broken = f"; breaks must_pass {', '.join(entry.broken)}" if entry.broken else ""
        lines.append(_figures(entry, levels[index]) + broken)
    return f"Better on train, not confirmed on hold-out: {' / '.join(lines)}."


def _figures(entry: Comparison, level: float) -> str:
    return (
        f"{percent(entry.before)} -> {percent(entry.after)}, {change(entry.gain)} "
        f"{interval(entry.interval)}, {p_value(entry.p_value)} "
        f"(limit {chance(level)}), {count(entry.cases, 'case')}"
    )
