"""Which candidates see the hold-out, and which of the confirmed ones is proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.optimize.ledger import case_mean
from pytest_promptopt.optimize.objective import are_equal, words_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.optimize.run import Run
    from pytest_promptopt.records import Candidate, Case


def still_better(
    run: Run, finalists: Sequence[Candidate], trials: int
) -> tuple[Candidate, ...]:
    """Return the finalists that beat the incumbent over all train trials, in order.

    Behind the best comes the shortest of those that cannot be told from it, so that
    both see the hold-out, then the others.

    Args:
        run: The search.
        finalists: Candidates that have so many trials of every train case.
        trials: Trials of each train case.
    """
    keys = {candidate.key for candidate in finalists}
    ranked = run.by_objective(run.ledger.ranked(run.task.cases, trials), trials)
    start = next(
        (entry.mean for entry in ranked if entry.candidate == run.task.incumbent), 0.0
    )
    better = [
        entry.candidate
        for entry in ranked
        if entry.candidate.key in keys and entry.mean > start + 1e-9
    ]
    if not better:
        return ()
    short = shortest_equal(run, better, run.task.cases, trials)
    ordered = {entry.key: entry for entry in (better[0], short, *better)}
    return tuple(ordered.values())


def shortest_equal(
    run: Run, candidates: Sequence[Candidate], cases: Sequence[Case], trials: int
) -> Candidate:
    """Return the shortest candidate that cannot be told from the first one.

    Args:
        run: The search.
        candidates: The best first; not empty.
        cases: The cases that they are compared on.
        trials: Trials of each case.
    """
    means = [_means(run, candidate, cases, trials) for candidate in candidates]
    equal = [
        candidate
        for candidate, own in zip(candidates, means, strict=True)
        if candidate is candidates[0] or are_equal(means[0], own, cases)
    ]
    # Of equal length the better one: min keeps the first.
    return min(equal, key=words_in)


def _means(
    run: Run, candidate: Candidate, cases: Sequence[Case], trials: int
) -> dict[str, float | None]:
    known = run.ledger.trials(candidate, cases, trials)
    return {case_id: case_mean(entry) for case_id, entry in known.items()}
