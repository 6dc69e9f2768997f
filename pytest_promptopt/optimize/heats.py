"""Scoring what a strategy has yielded: to the end, or in a race."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.ledger import case_mean, weighted_mean
from pytest_promptopt.optimize.racing import (
    estimate,
    falls_behind,
    kept,
    stages,
)
from pytest_promptopt.optimize.ranking import Ranked, best_first

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from pytest_promptopt.optimize.effects import Effect
    from pytest_promptopt.optimize.run import Run
    from pytest_promptopt.optimize.strategy import Evaluate, Evaluated
    from pytest_promptopt.records import Candidate, Case


def score(
    run: Run, candidates: Sequence[Candidate], move: Evaluate
) -> Generator[Effect, Any, None]:
    """Bring the ledger to what a move asks for, as far as a race does not spare it.

    Args:
        run: The search.
        candidates: What is to be scored, fitted and found valid.
        move: On which cases, with how many trials, and whether in a race.

    Raises:
        BudgetExhausted: Thrown in at a yield.
        ModelError: Too many trials got no reply.
    """
    ends = stages(len(move.cases)) if move.race and run.plan.racing else ()
    if len(ends) < 2:
        yield from run.measure(candidates, move.cases, move.trials)
        return
    cases = sorted(move.cases, key=lambda case: run.race_order[case.id])
    whole = leader_on(run, cases, move.trials)
    racing = list(candidates)
    for end in ends:
        stage = _Stage(
            seen=tuple(cases[:end]), trials=move.trials, kept=kept(len(candidates))
        )
        yield from run.measure(racing, stage.seen, stage.trials, among=cases)
        if end < len(cases):
            racing = _still_racing(run, racing, whole, stage)
        if not racing:
            return


def leader_on(run: Run, cases: Sequence[Case], trials: int) -> Ranked | None:
    """Return the best candidate that has k trials of every case, if there is one."""
    return next(iter(best_first(run.ledger.ranked(cases, trials))), None)


def evaluated(
    run: Run, candidate: Candidate, move: Evaluate, whole: Ranked | None
) -> Evaluated | None:
    """Return what a strategy is told of a candidate that was scored.

    Args:
        run: The search.
        candidate: The candidate.
        move: What was asked for.
        whole: As :func:`leader_on` gives it after the scoring.

    Returns:
        Its figures on all cases, or on those that it was scored on in a race, with an
        estimate for all; ``None`` if no case could be scored. What the user's objective
        takes off is taken off the mean.
    """
    entry = _entry(run, candidate, move, whole)
    if entry is None or run.plan.objective.is_accuracy:
        return entry
    mean = entry.mean - run.loss(candidate, move.trials)
    return replace(entry, mean=min(1.0, max(0.0, mean)))


def _entry(
    run: Run, candidate: Candidate, move: Evaluate, whole: Ranked | None
) -> Evaluated | None:
    lacking = run.ledger.lacking([candidate], move.cases, move.trials)
    if not lacking:
        return run.ledger.evaluated(candidate, move.cases, move.trials)
    unseen = {case.id for effect in lacking for case in effect.cases}
    seen = [case for case in move.cases if case.id not in unseen]
    entry = run.ledger.evaluated(candidate, seen, move.trials) if seen else None
    if entry is None:
        return None
    mean = entry.mean
    if whole is not None:
        leading = _means(run, whole.candidate, seen, move.trials)
        guess = estimate(entry.scores, leading, seen, whole.mean)
        mean = min(mean, whole.mean) if guess is None else guess
    return replace(entry, mean=mean, is_whole=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """How far a race is.

    Attributes:
        seen: The cases seen.
        trials: Trials of each.
        kept: How many of the best on these cases go on in any case.
    """

    seen: tuple[Case, ...]
    trials: int
    kept: int


def _still_racing(
    run: Run, racing: Sequence[Candidate], whole: Ranked | None, stage: _Stage
) -> list[Candidate]:
    """Return who goes on to the next block, in the same order."""
    field = [*racing] if whole is None else [whole.candidate, *racing]
    means = {
        candidate.key: _means(run, candidate, stage.seen, stage.trials)
        for candidate in field
    }
    ranking = _ranking(field, means, stage.seen)
    leader, own = ranking[0], {candidate.key for candidate in racing}
    safe = {leader, *[key for key in ranking if key in own][: stage.kept]}
    return [
        candidate
        for candidate in racing
        if candidate.key in safe
        or not falls_behind(means[candidate.key], means[leader], stage.seen)
    ]


def _means(
    run: Run, candidate: Candidate, cases: Sequence[Case], trials: int
) -> dict[str, float | None]:
    known = run.ledger.trials(candidate, cases, trials)
    return {case_id: case_mean(entry) for case_id, entry in known.items()}


def _ranking(
    candidates: Sequence[Candidate],
    means: Mapping[str, Mapping[str, float | None]],
    seen: Sequence[Case],
) -> list[str]:
    """Return the keys, the best on the cases seen first; of equals the shorter one."""
    ranked = [
        Ranked(
            candidate=candidate,
            mean=weighted_mean(means[candidate.key], seen) or 0.0,
            age=age,
        )
        for age, candidate in enumerate(candidates)
    ]
    return [entry.candidate.key for entry in best_first(ranked)]
