"""Playing a strategy in a world: every move is checked, answered and kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import PromptOptError, StrategyError
from pytest_promptopt.optimize import (
    Complete,
    Embed,
    Evaluate,
    Evaluated,
    NextStep,
    Note,
    Rejected,
    Tally,
)
from pytest_promptopt.records import canonical_json
from pytest_promptopt.testing.worlds import luck

if TYPE_CHECKING:
    from pytest_promptopt.optimize import Moves, Strategy, Task
    from pytest_promptopt.optimize.strategy import Move
    from pytest_promptopt.records import Candidate
    from pytest_promptopt.testing.worlds import World

MOVES_PER_STEP = 500
"""A strategy that makes more moves in one step is taken to loop for ever."""


@dataclass(kw_only=True)
class Play:
    """One search of a strategy in a world.

    Attributes:
        strategy: The strategy.
        world: The world.
        task: What the strategy gets to know.
        moves: Its moves so far, as text.
        known: Keys of the candidates that can be parents.
    """

    strategy: Strategy
    world: World
    task: Task
    moves: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known |= {c.key for c in (self.task.incumbent, *self.task.earlier)}

    def run(self, *, most: int | None = None) -> list[str]:
        """Play until the strategy or its steps end, and return its moves.

        Args:
            most: End it after so many moves, as a loop does whose budget is spent.

        Raises:
            StrategyError: The strategy breaks its contract.
        """
        moves = self.strategy.search(self.task)
        answer: Any = None
        steps = since = 0
        while most is None or len(self.moves) < most:
            move = self._next(moves, answer)
            if move is None:
                return self.moves
            since = 0 if isinstance(move, NextStep) else since + 1
            steps += isinstance(move, NextStep)
            if since > MOVES_PER_STEP:
                raise self.fault(
                    f"it makes more than {MOVES_PER_STEP} moves without a NextStep",
                    "yield NextStep at the start of each step, whatever the last one "
                    "brought, so that the search can be ended",
                )
            self.moves.append(self._told(move))
            answer = self._answer(move)
            if steps > self.task.steps:
                break
        self._close(moves)
        return self.moves

    def _told(self, move: Move) -> str:
        try:
            text = told(move)
        except (TypeError, ValueError, AttributeError) as error:
            raise self.fault(
                f"it yielded {move!r}, which JSON cannot hold: {error}",
                "keep to records, and to JSON values in settings and in an origin's "
                "detail",
            ) from error
        if text is None:
            raise self.fault(
                f"it yielded {move!r}",
                "yield Complete, Embed, Evaluate, NextStep or Tally",
            )
        return text

    def fault(self, problem: str, hint: str) -> StrategyError:
        """Return the error that says what is wrong, and in which world."""
        name = self.strategy.name
        return StrategyError(
            f"strategy {name!r}, where {self.world.name}: {problem}", hint
        )

    def _next(self, moves: Moves, answer: Any) -> Move | None:
        try:
            return moves.send(answer)
        except StopIteration:
            return None
        except PromptOptError as error:
            raise self.fault(error.problem, error.hint) from error
        except Exception as error:
            raise self.fault(
                f"it raised {type(error).__name__}: {error}",
                "see the traceback above",
            ) from error

    def _close(self, moves: Moves) -> None:
        try:
            moves.close()
        except Exception as error:
            raise self.fault(
                f"ended after move {len(self.moves)} it raised "
                f"{type(error).__name__}: {error}",
                "let GeneratorExit pass, and yield nothing after it",
            ) from error

    def _answer(self, move: Move) -> Any:
        if isinstance(move, Complete):
            return self._replies(move)
        if isinstance(move, Embed):
            return self._vectors(move)
        if isinstance(move, Evaluate):
            self._check(move)
            return tuple(map(self._judged(move), move.candidates))
        return None

    def _replies(self, move: Complete) -> Any:
        if not move.requests:
            raise self.fault("it asks for no reply", "yield Complete with a request")
        for request in move.requests:
            for name, value in self.task.settings.items():
                if request.settings.get(name) != value:
                    raise self.fault(
                        f"a request has {name}={request.settings.get(name)!r}, the "
                        f"user has set {value!r}",
                        "let task.settings win over the settings of your own",
                    )
        return tuple(map(self.world.reply, move.requests))

    def _vectors(self, move: Embed) -> Any:
        if not move.texts or not all(text.strip() for text in move.texts):
            raise self.fault(
                f"it asks for vectors of {list(move.texts)!r}",
                "yield Embed with one text or more, and words in each of them",
            )
        if not self.world.embeds:
            return None
        return tuple(tuple(luck(text, at) for at in range(3)) for text in move.texts)

    def _check(self, move: Evaluate) -> None:
        strange = [case.id for case in move.cases if case not in self.task.cases]
        if strange or not move.cases or move.trials < 1:
            raise self.fault(
                f"it evaluates with {move.trials!r} trials on {len(move.cases)} cases, "
                f"of which {strange[:3]!r} are not train cases",
                "evaluate on cases of task.cases, with 1 trial or more",
            )
        for candidate in move.candidates:
            if candidate.texts.keys() != self.task.incumbent.texts.keys():
                raise self.fault(
                    f"a candidate has texts for {sorted(candidate.texts)!r}, the "
                    f"prompt has {sorted(self.task.incumbent.texts)!r}",
                    "make candidates with task.rewritten(base, address, text)",
                )
        self._check_origins(move)

    def _check_origins(self, move: Evaluate) -> None:
        for candidate in move.candidates:
            self.known |= {candidate.key, self.task.fit(candidate).key}
        new = [c for c in move.candidates if c.texts != self.task.incumbent.texts]
        if len(move.origins) != len(move.candidates) and (new or move.origins):
            raise self.fault(
                f"{len(move.candidates)} candidates have {len(move.origins)} origins",
                "yield Evaluate with origins=, one for each candidate in their order",
            )
        for origin in move.origins:
            if not origin.operator:
                raise self.fault(
                    "a candidate's origin has no operator", "say in a word what made it"
                )
            unknown = [key for key in origin.parents if key not in self.known]
            if unknown:
                raise self.fault(
                    f"{unknown[0]!r} is named as a parent, and was never evaluated",
                    "name keys of candidates that were evaluated, or nobody",
                )

    def _judged(self, move: Evaluate) -> Any:
        def judged(candidate: Candidate) -> Evaluated | Rejected:
            fitted = self.task.fit(candidate)
            is_start = fitted == self.task.incumbent
            if self.world.told == "rejected" and not is_start:
                return Rejected(candidate=fitted, reason="too long")
            whole = self.world.told != "left a race" or is_start
            seen = move.cases if whole else move.cases[: (len(move.cases) + 1) // 2]
            scores = {case.id: self.world.quality(fitted, case) for case in seen}
            return Evaluated(
                candidate=fitted,
                mean=sum(scores.values()) / len(scores),
                scores=scores,
                reasons={key: "" if score else "no" for key, score in scores.items()},
                outputs={key: f"drawer {score}" for key, score in scores.items()},
                trials=move.trials,
                is_whole=whole,
            )

        return judged


def told(move: Move) -> str | None:
    """Return a move as text, the same for equal moves; ``None`` if it is none."""
    kind = type(move).__name__
    if isinstance(move, Complete):
        return canonical_json([kind, [request.to_json() for request in move.requests]])
    if isinstance(move, Embed):
        return canonical_json([kind, list(move.texts)])
    if isinstance(move, Tally):
        return canonical_json([kind, move.reason, move.count])
    if isinstance(move, Note):
        return canonical_json([kind, move.sentence, dict(move.data)])
    if isinstance(move, NextStep):
        return canonical_json([kind])
    if isinstance(move, Evaluate):
        return canonical_json(
            [
                kind,
                [candidate.to_json() for candidate in move.candidates],
                [case.id for case in move.cases],
                move.trials,
                [origin.to_json() for origin in move.origins],
                move.race,
            ]
        )
    return None
