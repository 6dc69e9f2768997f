"""The model that writes the texts, behind the engine that asks it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.call import Call
from pytest_promptopt.optimize.evidence import indented
from pytest_promptopt.records import Message

if TYPE_CHECKING:
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine
    from pytest_promptopt.optimize import Complete
    from pytest_promptopt.records import Completion, Request

Answers = tuple["Completion | None", ...]


class Writing:
    """Asks one model through an engine.

    Args:
        model: The model.
        engine: Answers requests.
        budget: What they are taken from.
        problem: What the texts are solutions to, put in front of every request; empty
            where the strategy says that itself.
    """

    def __init__(
        self, model: NamedModel, engine: Engine, budget: Budget, problem: str = ""
    ) -> None:
        self._model, self._engine, self._budget = model, engine, budget
        self._problem = problem

    def replies(self, effect: Complete) -> tuple[Answers, ModelError | None]:
        """Return the replies, ``None`` for lost ones, and what ends the search.

        Raises:
            SettingError: A request cannot be sent.
        """
        futures = self._engine.start_all(
            Call(
                model=self._model,
                request=self._framed(request),
                purpose="search",
                budget=self._budget,
            )
            for request in effect.requests
        )
        answers: list[Completion | None] = []
        fault: ModelError | None = None
        for future in futures:
            try:
                answers.append(future.result().completion)
            except ModelError as error:
                if not error.retryable:  # the next request would meet the same end
                    fault = error
                answers.append(None)
        return tuple(answers), fault

    def _framed(self, request: Request) -> Request:
        if not self._problem:
            return request
        words = (
            "Below, a text is to be improved. Whatever it is called there, a prompt or "
            "a passage of one, it is a solution to this problem:\n\n"
            f"{indented(self._problem)}\n\n"
            "Scores say how good a solution is, higher ones are better. Keep the form "
            "in which the solutions below are written."
        )
        front = Message(role="user", content=words)
        first, *others = request.messages
        if first.role == "user":
            both = f"{words}\n\n{first.content}"
            return replace(request, messages=(replace(first, content=both), *others))
        return replace(request, messages=(front, first, *others))
