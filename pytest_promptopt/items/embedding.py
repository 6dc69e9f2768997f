"""Asking an embeddings model for the vectors of texts, and doing without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import BudgetExhausted, ModelError, PromptOptError
from pytest_promptopt.items.sending import awaited
from pytest_promptopt.models.engine import Call
from pytest_promptopt.models.prices import FREE
from pytest_promptopt.models.vectors import vectors_in
from pytest_promptopt.records import Message, Request
from pytest_promptopt.report.bare_error import bare_problem

if TYPE_CHECKING:
    from pytest_promptopt.items.pending import Tally
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine
    from pytest_promptopt.models.vectors import Vectors
    from pytest_promptopt.optimize import Embed

_WITHOUT = "The search went on without: common words told it which texts are alike"


@dataclass(slots=True, kw_only=True)
class Embedder:
    """Answers what a search asks about texts that are alike.

    Attributes:
        model: The embeddings model.
        engine: Answers requests.
        budget: What every call is charged to.
        tally: Counts replies.
        asked: Whether any text was sent to it.
        fault: Why it was given up, as a sentence for reports; else empty.
        bare_fault: The same without what an endpoint said.
    """

    model: NamedModel
    engine: Engine
    budget: Budget
    tally: Tally
    asked: bool = False
    fault: str = ""
    bare_fault: str = ""

    def vectors(self, effect: Embed) -> tuple[Vectors | None, ModelError | None]:
        """Return the vectors, or what ends the search: only that the budget is spent.

        A model that fails is not asked again.
        """
        if self.fault:
            return None, None
        self.asked = True
        try:
            return self._vectors(effect), None
        except BudgetExhausted as spent:
            return None, spent
        except PromptOptError as error:
            self.fault = f"embeddings: {error.problem}; {error.hint}. {_WITHOUT}"
            self.bare_fault = f"embeddings: {bare_problem(error)}. {_WITHOUT}"
            return None, None

    def told(self, shows: str) -> str:
        """Return why the model is not asked any more; empty as long as it is.

        Args:
            shows: ``"full"``, or ``"ids"``: without what an endpoint said.
        """
        return self.bare_fault if shows == "ids" else self.fault

    def _vectors(self, effect: Embed) -> Vectors:
        model, prices = self.model, self.budget.prices
        messages = tuple(Message(role="user", content=text) for text in effect.texts)
        call = Call(
            model=model,
            request=Request(messages=messages),
            purpose="embedding",
            budget=self.budget,
        )
        reply = awaited(self.engine.start(call), model)
        price = FREE if model.costs_nothing else prices.get(model.name)
        completion = self.tally.count(reply, price)
        try:
            return vectors_in(completion.text, len(effect.texts))
        except ValueError as error:
            raise ModelError(
                f"model {model.name!r} sent no vectors: {error}",
                "name an embeddings model in promptopt_embeddings",
            ) from None
