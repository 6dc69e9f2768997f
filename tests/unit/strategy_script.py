"""Drives one strategy without the loop: every move is kept, scores are a function."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from search_script import cases, level, plan, says, text_of

from pytest_promptopt.optimize import (
    Complete,
    Evaluate,
    Evaluated,
    NextStep,
    Note,
    Rejected,
    Tally,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_promptopt.optimize import Strategy, Task
    from pytest_promptopt.optimize.strategy import Move
    from pytest_promptopt.records import Candidate, Case, Completion, Request

    Reply = Callable[[Request], Completion | None]
    Judge = Callable[[Candidate, Case], float | None]


@dataclass
class Played:
    """The moves of a strategy, up to the end of its steps or its own."""

    moves: list[Move] = field(default_factory=list)

    @property
    def asked(self) -> list[Complete]:
        return [move for move in self.moves if isinstance(move, Complete)]

    @property
    def contents(self) -> list[list[str]]:
        return [[content(one) for one in move.requests] for move in self.asked]

    @property
    def evaluated(self) -> list[Evaluate]:
        return [move for move in self.moves if isinstance(move, Evaluate)]

    @property
    def tallied(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for move in self.moves:
            if isinstance(move, Tally):
                total[move.reason] = total.get(move.reason, 0) + move.count
        return total

    @property
    def kinds(self) -> list[str]:
        kinds = [type(move).__name__ for move in self.moves]
        return [kind for kind in kinds if kind != "Tally"]


def content(request: Request) -> str:
    (message,) = request.messages
    return message.content


def task(folder: Path, count: int = 16, **changes: Any) -> Task:
    """Return a task with so many train cases."""
    given = {key: changes.pop(key) for key in ("template",) if key in changes}
    made = cases(2 * count, **changes.pop("case", {}))
    planned = plan(folder, cases=made, **given)
    return replace(planned.task(made[:count], None), **{"steps": 3, **changes})


def by_level(candidate: Candidate, case: Case) -> float:
    """Score a text by the number behind ``level``, alike on all cases."""
    return level(text_of(candidate))


def drafts(request: Request) -> Completion:
    """Write another text for every request, of no worth of its own."""
    return says(f"Draft {request.seed}, level {20 + (request.seed or 0) % 7}.")


def play(
    strategy: Strategy,
    given: Task,
    reply: Reply = drafts,
    judge: Judge = by_level,
    *,
    refused: Callable[[Candidate], bool] = lambda _: False,
) -> Played:
    moves = strategy.search(given)
    played = Played()
    answer: Any = None
    while True:
        try:
            move = moves.send(answer)
        except StopIteration:
            return played
        played.moves.append(move)
        answer = None
        if isinstance(move, Complete):
            answer = tuple(map(reply, move.requests))
        elif isinstance(move, Evaluate):
            answer = tuple(
                Rejected(candidate=candidate, reason="too long")
                if refused(candidate)
                else told(candidate, move, judge)
                for candidate in move.candidates
            )
        else:
            assert isinstance(move, NextStep | Note | Tally)


def told(candidate: Candidate, move: Evaluate, judge: Judge) -> Evaluated:
    scores = {case.id: judge(candidate, case) for case in move.cases}
    known = [score for score in scores.values() if score is not None]
    return Evaluated(
        candidate=candidate,
        mean=sum(known) / len(known),
        scores=scores,
        reasons={case.id: f"reason of {case.id}" for case in move.cases},
        outputs={case.id: "?" for case in move.cases},
    )
