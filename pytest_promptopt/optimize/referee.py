"""What the loop does with each move of a strategy: checks it, charges it, obeys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SourceError, StrategyError
from pytest_promptopt.optimize.effects import Complete, Embed
from pytest_promptopt.optimize.embedding import embedded
from pytest_promptopt.optimize.heats import evaluated, leader_on, score
from pytest_promptopt.optimize.strategy import (
    Evaluate,
    NextStep,
    Note,
    Rejected,
    Tally,
)
from pytest_promptopt.prompts import check_candidate
from pytest_promptopt.records import Candidate, Case, Origin, Request

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from pytest_promptopt.optimize.effects import Effect
    from pytest_promptopt.optimize.ranking import Ranked
    from pytest_promptopt.optimize.run import Run
    from pytest_promptopt.optimize.strategy import Evaluated, Move
    from pytest_promptopt.records import Completion

Answer = tuple[Any, "str | None"]
"""What the strategy is told, and why the search ends here, if it does."""


def obey(run: Run, move: Move) -> Generator[Effect, Any, Answer]:
    """Carry out one move.

    Raises:
        StrategyError: The move breaks the contract.
        BudgetExhausted: Thrown in at a yield.
        ModelError: Too many trials got no reply.
    """
    if isinstance(move, NextStep):
        run.close_step()
        return None, run.reason_to_stop()
    if isinstance(move, Tally):
        run.step.rejected[move.reason] += move.count
        run.journal.counted(run.step.number, move.reason, move.count)
        return None, None
    if isinstance(move, Note):
        run.note(move.sentence)
        run.journal.noted(run.step.number, move.sentence, move.data)
        return None, None
    if isinstance(move, Complete):
        return (yield from _complete(run, move))
    if isinstance(move, Evaluate):
        return (yield from _evaluate(run, move))
    if isinstance(move, Embed):
        return (yield from embedded(run, move)), None
    raise StrategyError(
        f"a strategy yielded {move!r}",
        "yield Complete, Embed, Evaluate, NextStep or Tally",
    )


def _complete(run: Run, move: Complete) -> Generator[Effect, Any, Answer]:
    if not move.requests:
        return (), None
    for request in move.requests:
        if not isinstance(request, Request):
            raise StrategyError(
                f"a strategy asks for {request!r}, which is no Request",
                "make requests with Asker(task).ask(text)",
            )
    # Proposals that cannot be scored are worth nothing.
    if not run.affords(move.calls + run.train_calls):
        return None, "budget"
    replies: tuple[Completion | None, ...] = yield from run.complete(move)
    return replies, None


def _evaluate(run: Run, move: Evaluate) -> Generator[Effect, Any, Answer]:
    _check_contract(run, move)
    # A strategy need not know what blank space the template wants around a text.
    fitted = [
        candidate if candidate in run.ledger else run.task.fit(candidate)
        for candidate in move.candidates
    ]
    drafts = {candidate.key: candidate for candidate in fitted}
    faults = {key: _fault(run, candidate) for key, candidate in drafts.items()}
    valid = [candidate for key, candidate in drafts.items() if faults[key] is None]
    for reason in faults.values():
        if reason is not None:
            run.step.rejected[reason] += 1
    _trace(run, move, fitted, faults)
    rest = valid
    # What a race spares may score some that could not be planned for.
    while fitting := _fitting(run, rest, move):
        new = sum(candidate not in run.ledger for candidate in fitting)
        yield from score(run, fitting, move)
        run.scores.on_train(fitting, run.calls)
        run.step.scored += new
        rest = rest[len(fitting) :]
    if rest:
        return None, "budget"
    whole = leader_on(run, move.cases, move.trials)
    return tuple(
        _told(run, move, candidate, faults[candidate.key], whole)
        for candidate in fitted
    ), None


def _trace(
    run: Run,
    move: Evaluate,
    fitted: Sequence[Candidate],
    faults: Mapping[str, str | None],
) -> None:
    """Remember how each candidate came to be, and tell the journal of the new ones."""
    origins = move.origins or (None,) * len(fitted)
    told: set[str] = set()
    for yielded, candidate, origin in zip(
        move.candidates, fitted, origins, strict=True
    ):
        fault = faults[candidate.key]
        if fault is None:
            new = run.lineage.enter(yielded, candidate, origin, run.step.number)
            if new is not None:
                run.journal.candidate(run.step.number, candidate, new)
        elif candidate.key not in told:
            told.add(candidate.key)
            run.journal.rejected(run.step.number, candidate, origin, fault)


def _fault(run: Run, candidate: Candidate) -> str | None:
    """Return why a draft is turned away; what is in the ledger has been checked."""
    if candidate in run.ledger:
        return None
    prompt = run.plan.prompt
    if any(
        candidate.texts[address] != prompt.incumbent.texts[address]
        for address in run.plan.closed
    ):
        return "changes a prompt that optimize= leaves out"
    fault = check_candidate(
        candidate, prompt, cases=run.case_text, limits=run.plan.limits
    )
    if fault is None:
        try:
            prompt.edits(candidate)
        except SourceError:  # told before it is paid for, not once it is confirmed
            return "cannot be written in its place"
    return fault or run.plan.refuses(candidate)


def _fitting(
    run: Run, candidates: Sequence[Candidate], move: Evaluate
) -> list[Candidate]:
    """Return as many of the first candidates as the budget can score."""
    fitting: list[Candidate] = []
    for candidate in candidates:
        wanted = [*fitting, candidate]
        lacking = run.ledger.lacking(wanted, move.cases, move.trials)
        if not run.affords(sum(map(run.plan.calls, lacking))):
            break
        fitting = wanted
    return fitting


def _told(
    run: Run,
    move: Evaluate,
    candidate: Candidate,
    fault: str | None,
    whole: Ranked | None,
) -> Evaluated | Rejected:
    if fault is not None:
        return Rejected(candidate=candidate, reason=fault)
    entry = evaluated(run, candidate, move, whole)
    return entry or Rejected(candidate=candidate, reason="nothing could be scored")


def _check_kinds(move: Evaluate) -> None:
    wanted = {Candidate: move.candidates, Case: move.cases, Origin: move.origins}
    for kind, given in wanted.items():
        for value in given:
            if not isinstance(value, kind):
                raise StrategyError(
                    f"a strategy evaluates with {value!r}, which is no {kind.__name__}",
                    "yield Evaluate with Candidate, Case and Origin records",
                )
    for candidate in move.candidates:
        for address, text in candidate.texts.items():
            if not isinstance(text, str):
                raise StrategyError(
                    f"a candidate's text for {address!r} is {text!r}",
                    "make candidates with task.rewritten(base, address, text)",
                )


def _check_contract(run: Run, move: Evaluate) -> None:
    _check_kinds(move)
    train = {case.id for case in run.task.cases}
    strange = [case.id for case in move.cases if case.id not in train]
    if strange or not move.cases or move.trials < 1:
        raise StrategyError(
            f"a strategy evaluates with {move.trials} trials on {len(move.cases)} "
            f"cases, of which {strange[:3]!r} are not train cases",
            "evaluate on cases of task.cases, with 1 trial or more",
        )
    if move.origins and len(move.origins) != len(move.candidates):
        raise StrategyError(
            f"a strategy yields {len(move.candidates)} candidates with "
            f"{len(move.origins)} origins",
            "give one origin for each candidate, in the same order, or none at all",
        )
    addresses = run.task.incumbent.texts.keys()
    for candidate in move.candidates:
        if candidate.texts.keys() != addresses:
            raise StrategyError(
                f"a candidate has texts for {sorted(candidate.texts)!r}, "
                f"the prompt has {sorted(addresses)!r}",
                "make candidates with task.rewritten(base, address, text)",
            )
