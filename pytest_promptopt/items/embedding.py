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

if TYPE_CHECKING:
    from pytest_promptopt.items.pending import Tally
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine
    from pytest_promptopt.models.vectors import Vectors
    from pytest_promptopt.optimize import Embed


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
    """

    model: NamedModel
    engine: Engine
    budget: Budget
    tally: Tally
    asked: bool = False
    fault: str = ""

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
            self.fault = (
                f"embeddings: {error.problem}; {error.hint}. The search went on "
                "without: common words told it which texts are alike"
            )
            return None, None

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
