"""Prices that genai-prices knows, by the address that a model is asked at."""

from __future__ import annotations

import sys

import pytest

from pytest_promptopt.models.price_list import list_price
from pytest_promptopt.models.prices import Price, Prices
from pytest_promptopt.models.providers import Provider

OPENAI = Provider(name="openai")


def test_a_price_is_found_by_the_address_that_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("genai_prices")
    groq = Provider(name="fast", base_url="https://api.groq.com/openai/v1")
    own = Provider(name="own", base_url="http://localhost:11434/v1")

    known = list_price("gpt-4o", OPENAI)
    other = list_price("llama-3.3-70b-versatile", groq)

    assert known == Price(input=2.5, output=10.0)
    assert other is not None
    assert other.is_any
    assert list_price("gpt-4o", own) is None
    assert list_price("no-such-model", OPENAI) is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    assert list_price("gpt-4o", OPENAI) is None


def test_without_the_library_no_price_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    assert list_price("gpt-4o", OPENAI) is None


def test_the_projects_own_price_wins_and_others_are_looked_up_once() -> None:
    asked: list[str] = []

    def listed(name: str) -> Price | None:
        asked.append(name)
        return Price(input=9.0, output=9.0) if name == "listed" else None

    prices = Prices({"own": Price(input=1.0, output=2.0)}, listed)

    assert [prices.get(name) for name in ("own", "listed", "listed", "no", "no")] == [
        Price(input=1.0, output=2.0),
        *[Price(input=9.0, output=9.0)] * 2,
        None,
        None,
    ]
    assert asked == ["listed", "no"]
    assert (list(prices), len(prices), "listed" in prices) == (["own"], 1, True)
