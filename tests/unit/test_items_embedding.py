"""Asking an embeddings model, and doing without it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.amounts import Amounts
from pytest_promptopt.errors import BudgetExhausted
from pytest_promptopt.items.embedding import Embedder
from pytest_promptopt.items.pending import Tally
from pytest_promptopt.models.budget import Budget
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Engine
from pytest_promptopt.models.prices import Price
from pytest_promptopt.optimize import Embed
from pytest_promptopt.records import Completion, Usage
from pytest_promptopt.testing import ScriptedModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_promptopt.records import Request

TEXTS = Embed(texts=("one", "two"))
WITHOUT = "The search went on without: common words told it which texts are alike"


def places(request: Request) -> Completion:
    rows = [[len(message.content), 1] for message in request.messages]
    return Completion(text=json.dumps(rows), usage=Usage(prompt_tokens=500_000))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(2, retries=0) as engine:
        yield engine


def embedder(engine: Engine, model: ScriptedModel, budget: Budget) -> Embedder:
    return Embedder(
        model=NamedModel("house:places", model),
        engine=engine,
        budget=budget,
        tally=Tally(),
    )


def test_vectors_are_counted_and_paid_for(engine: Engine) -> None:
    prices = {"house:places": Price(input=0.02, output=0.0)}
    asked = embedder(engine, ScriptedModel(places), Budget(3, prices=prices))

    vectors, fault = asked.vectors(TEXTS)

    assert (vectors, fault) == (((3.0, 1.0), (3.0, 1.0)), None)
    assert (asked.tally.calls, asked.tally.cost, asked.budget.spent) == (1, 0.01, 1)
    assert asked.asked
    assert not asked.fault


def test_a_chat_model_is_told_from_an_embeddings_model(engine: Engine) -> None:
    model = ScriptedModel(lambda _: "I am a chat model.")
    asked = embedder(engine, model, Budget())

    assert [asked.vectors(TEXTS) for _ in range(3)] == [(None, None)] * 3
    assert len(model.requests) == 1
    assert asked.fault == (
        "embeddings: model 'house:places' sent no vectors: the reply is not JSON; "
        f"name an embeddings model in promptopt_embeddings. {WITHOUT}"
    )


def test_a_price_that_nobody_knows_is_told_and_nothing_is_sent(engine: Engine) -> None:
    model = ScriptedModel(places)
    asked = embedder(engine, model, Budget(Amounts(dollars=1.0)))

    assert asked.vectors(TEXTS) == (None, None)
    assert not model.requests
    assert "what 'house:places' costs is not known; add " in asked.fault


def test_a_spent_budget_ends_the_search_as_for_any_call(engine: Engine) -> None:
    asked = embedder(engine, ScriptedModel(places), Budget(0))

    vectors, fault = asked.vectors(TEXTS)

    assert vectors is None
    assert isinstance(fault, BudgetExhausted)
    assert not asked.fault
