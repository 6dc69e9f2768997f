"""Prices of models: read, refused, and what a reply cost."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.prices import Price, prices_from
from pytest_promptopt.records import Usage


def test_prices_are_read_by_the_name_of_the_model() -> None:
    table = {
        "openai:gpt-5-mini": {"input": 0.25, "output": 2},
        "house:small": {"input": 0, "output": 0.0},
    }

    assert prices_from(table) == {
        "openai:gpt-5-mini": Price(input=0.25, output=2.0),
        "house:small": Price(input=0.0, output=0.0),
    }


def test_without_a_table_no_model_has_a_price() -> None:
    assert prices_from({}) == {}


def test_a_reply_costs_its_tokens_at_dollars_per_million() -> None:
    price = Price(input=0.25, output=2.0)

    cost = price.cost(Usage(prompt_tokens=4000, completion_tokens=500))

    assert cost == pytest.approx(0.001 + 0.001)


@pytest.mark.parametrize(
    ("table", "problem", "hint"),
    [
        (
            {"m": 3},
            '[tool.promptopt.prices."m"]: 3 is not a table',
            'write [tool.promptopt.prices."m"] and below it input = 0.25 and'
            " output = 2.0",
        ),
        (
            {"m": {"input": 1.0}},
            '[tool.promptopt.prices."m"]: output is missing',
            "add output = the US dollars per million tokens, 0 if they are free",
        ),
        (
            {"m": {"inputs": 1.0, "output": 1.0}},
            "[tool.promptopt.prices.\"m\"]: unknown key 'inputs'",
            "did you mean 'input'?",
        ),
        (
            {"gpt-5": {"1": {"input": 1.0, "output": 1.0}}},
            "[tool.promptopt.prices.\"gpt-5\"]: '1' is a table, not a price",
            "put the whole name of the model in quotes:"
            ' [tool.promptopt.prices."gpt-5.1"]',
        ),
        (
            {"": {"input": 1.0, "output": 1.0}},
            "[tool.promptopt.prices.\"\"]: '' names no model",
            'write the model\'s name: [tool.promptopt.prices."openai:gpt-5-mini"]',
        ),
    ],
)
def test_a_faulty_table_is_refused_with_its_place(
    table: dict[str, Any], problem: str, hint: str
) -> None:
    with pytest.raises(SettingError) as caught:
        prices_from(table)

    assert (caught.value.problem, caught.value.hint) == (problem, hint)


@pytest.mark.parametrize(
    "value", ["0.25", True, None, -0.1, float("nan"), float("inf")]
)
def test_what_is_no_price_is_refused_with_the_value(value: Any) -> None:
    with pytest.raises(SettingError) as caught:
        prices_from({"m": {"input": value, "output": 1.0}})

    assert str(caught.value) == (
        f'[tool.promptopt.prices."m"]: input = {value!r} is no price\n'
        "  hint: give US dollars per million tokens, such as input = 0.25"
    )
