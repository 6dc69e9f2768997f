"""The one search loop: it carries out what a strategy asks for, and guards it.

The loop is a generator as well and has no effects of its own: it yields
:class:`~pytest_promptopt.optimize.effects.Complete` and
:class:`~pytest_promptopt.optimize.effects.Measure`, and returns a
:class:`~pytest_promptopt.records.SearchResult`, also when the budget ends or the
provider fails half-way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.cases import split_cases
from pytest_promptopt.errors import (
    BudgetExhausted,
    ModelError,
    NoHeadroom,
    PromptOptError,
    SearchRefused,
    StrategyError,
)
from pytest_promptopt.optimize.confirm import Ending, confirm
from pytest_promptopt.optimize.few_shot import FewShot
from pytest_promptopt.optimize.held_examples import told_of_shown
from pytest_promptopt.optimize.objective import aimed
from pytest_promptopt.optimize.preflight import (
    affordable_proposals,
    check_headroom,
    confirmation_calls,
    refuse_the_hopeless,
    smallest_gain,
)
from pytest_promptopt.optimize.referee import obey
from pytest_promptopt.optimize.run import Run
from pytest_promptopt.optimize.shorter import confirm_shorter
from pytest_promptopt.optimize.strategy import NextStep
from pytest_promptopt.records import SearchResult
from pytest_promptopt.report.bare_error import bare_problem

MOVES_PER_STEP = 10_000
"""A strategy that makes more moves in one step would never end."""

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_promptopt.cases import Split
    from pytest_promptopt.optimize.effects import Effect
    from pytest_promptopt.optimize.plan import SearchPlan
    from pytest_promptopt.optimize.strategy import Move, Moves, Strategy
    from pytest_promptopt.records import Candidate


def search(
    plan: SearchPlan, strategy: Strategy
) -> Generator[Effect, Any, SearchResult]:
    """Search for a better prompt and confirm it on cases the search never saw.

    Args:
        plan: What is searched, and what it may cost.
        strategy: The algorithm.

    Returns:
        What it came to. A refusal, a spent budget, a failing provider and a strategy
        that breaks its contract are outcomes, not exceptions.

    Raises:
        CaseFileError: The cases cannot be split.
    """
    plan = replace(plan, objective=aimed(plan.objective, strategy))
    split = split_cases(plan.cases)
    task = plan.task(split.train, affordable_proposals(plan, split))
    run = Run(plan, task, confirmation_calls(plan, split))
    stopped, ended = "error", ""
    try:
        refuse_the_hopeless(plan, split)
        few_shot = FewShot(strategy, plan.few_shot)
        few_shot.refuse_without_regions(task.label, task.example_regions)
        run.journal.began(plan, split, strategy.name)
        yield from _score_the_start(run, split)
        stopped = ended = yield from follow(run, strategy)
        run.journal.searched(ended)
        confirming = confirm_shorter if plan.objective.shrinks else confirm
        ending = yield from confirming(run, split.holdout)
        if ending.outcome == "unconfirmed":
            stopped = "gate rejected"
    except NoHeadroom as refusal:
        stopped, ending = "no headroom", Ending("refused", _sentence(refusal))
    except SearchRefused as refusal:
        stopped, ending = "refused", Ending("refused", _sentence(refusal))
    except BudgetExhausted as spent:
        stopped, ending = "budget", _cut_off(run, spent)
    except (ModelError, StrategyError) as error:
        stopped = "error"
        ending = Ending(
            "error",
            _failure(run, error),
            best=_best_of(run),
            bare=bare_problem(error),
        )
    result = _result(run, strategy.name, split, stopped, ending)
    result = replace(result, ended=ended or stopped)
    run.journal.ended(result)
    return result


def _score_the_start(run: Run, split: Split) -> Generator[Effect, Any, None]:
    """Score the incumbent on train, and refuse a search that has no headroom."""
    yield from run.measure([run.task.incumbent], split.train, 1)
    run.step.scored += 1
    run.scores.on_train([run.task.incumbent], run.calls)
    if run.start is None:
        raise SearchRefused(
            f"{run.plan.prompt.label}: none of the {len(split.train)} train cases "
            "could be scored",
            "see why with --promptopt-case=ID",
        )
    run.note(told_of_shown(run.plan.prompt, split.holdout))
    start = run.ledger.evaluated(run.task.incumbent, split.train, 1)
    if start is not None:
        run.note(check_headroom(run.plan, split, start.scores))


def follow(run: Run, strategy: Strategy) -> Generator[Effect, Any, str]:
    """Let the strategy search, and return why it ended.

    Args:
        run: The search; its start is scored.
        strategy: The algorithm.

    Raises:
        ModelError: Too many trials got no reply.
        StrategyError: The strategy breaks its contract.
    """
    moves = _moves(run, strategy)
    answer: Any = None
    stopped: str | None = None
    since = 0
    try:
        while stopped is None:
            move = _next_move(moves, answer, strategy.name)
            if move is None:
                break
            since = 0 if isinstance(move, NextStep) else since + 1
            if since > MOVES_PER_STEP:
                raise StrategyError(
                    f"strategy {strategy.name!r} made more than {MOVES_PER_STEP:,} "
                    "moves in one step",
                    "yield NextStep at the start of each step, whatever the last one "
                    "brought",
                )
            answer, stopped = yield from obey(run, move)
    except BudgetExhausted:
        stopped = "budget"
    finally:
        _close(moves, strategy.name)
        if not run.step.untouched:
            run.close_step()
    return stopped or run.reason_to_stop() or "stalled"


def _moves(run: Run, strategy: Strategy) -> Moves:
    """Return the strategy's moves; no examples are chosen for a text to shrink."""
    if run.plan.objective.shrinks:
        return strategy.search(run.task)
    return FewShot(strategy, run.plan.few_shot).search(run.task)


def _close(moves: Moves, name: str) -> None:
    try:
        moves.close()
    except Exception as error:
        raise StrategyError(
            f"strategy {name!r} raised {type(error).__name__} when the search ended: "
            f"{error}",
            "report it to the strategy's author",
        ) from error


def _next_move(moves: Moves, answer: Any, name: str) -> Move | None:
    """Return what the strategy wants next; ``None`` if it has ended.

    Raises:
        StrategyError: It raised something of its own.
    """
    try:
        return moves.send(answer)
    except StopIteration:
        return None
    except PromptOptError:
        raise
    except Exception as error:
        raise StrategyError(
            f"strategy {name!r} raised {type(error).__name__}: {error}",
            "report it to the strategy's author",
        ) from error


def _cut_off(run: Run, spent: BudgetExhausted) -> Ending:
    best = _best_of(run)
    if best is None:
        return Ending("nothing better", _sentence(spent))
    what = "Shorter" if run.plan.objective.shrinks else "Better"
    message = f"{what} on train, not confirmed on hold-out: {_sentence(spent)}"
    return Ending("unconfirmed", message, best=best)


def _best_of(run: Run) -> Candidate | None:
    return next(iter(run.better()), None)


def _failure(run: Run, error: ModelError | StrategyError) -> str:
    """Say what failed: the strategy, or which of the models."""
    if isinstance(error, StrategyError) or not run.asked:
        return _sentence(error)
    return f"{run.asked} failed: {_sentence(error)}"


def _sentence(error: PromptOptError) -> str:
    return f"{error.problem}; {error.hint}"


def _result(
    run: Run, strategy: str, split: Split, stopped: str, ending: Ending
) -> SearchResult:
    scored = run.ranking()
    can_gain = bool(split.holdout) and not run.plan.objective.shrinks
    look = ending.look["run"] if ending.look else ""
    return SearchResult(
        strategy=strategy,
        outcome=ending.outcome,
        stopped=stopped,
        message=ending.message,
        bare=ending.bare,
        seed=run.plan.seed,
        train_cases=len(split.train),
        holdout_cases=len(split.holdout),
        start=run.start,
        best=scored[0].mean if scored else None,
        smallest_gain=smallest_gain(run.plan, split, look) if can_gain else None,
        steps=tuple(run.log),
        calls=run.calls,
        optimizer_calls=run.optimizer_calls,
        proposal=ending.proposal,
        best_candidate=ending.best,
        look=ending.look,
        notes=tuple(run.notes),
        scored=tuple(run.scores.entries),
        chosen=run.plan.chosen,
        lineage=run.line_to(
            ending.proposal.candidate if ending.proposal else ending.best
        ),
    )
