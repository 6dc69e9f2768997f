"""What a search may cost, estimated from the lengths of texts before its first call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.items.planned_calls import OVERRATED, usual_tokens
from pytest_promptopt.items.share import ASSUMED_REPLY
from pytest_promptopt.models.prices import FREE
from pytest_promptopt.models.tokens import tokens_of
from pytest_promptopt.records import Usage
from pytest_promptopt.wording import money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.optimize.outlook import Outlook

FRAME = 500
"""Tokens of the words around the texts in a request to the optimizer model."""

SHOWN_TEXTS = 12
"""Texts that such a request shows: up to 20 in OPRO, 4 or 5 in most others."""

SHOWN_CASES = 5
"""Train cases that it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The calls of one model.

    Attributes:
        rate: What it costs; ``None``: not known.
        usage: What one call usually takes.
    """

    rate: Price | None
    usage: Usage


def told_price(
    test: PromptTest,
    found: Outlook,
    model: NamedModel,
    optimizer: NamedModel | None,
    prices: Mapping[str, Price],
) -> str:
    """Say what a search costs at most, roughly.

    Args:
        test: The prompt test.
        found: How much the search may take.
        model: The task model; a judge's questions are taken to cost as much.
        optimizer: Writes the candidates; ``None``: nobody supplies it.
        prices: What models cost, by name.

    Returns:
        Empty where nothing is known, or all is free.
    """
    usage = usual_tokens(test, test.settings, reply=ASSUMED_REPLY)
    if usage is None:
        return ""
    return told_cost(
        found,
        task=Part(rate=_rate(model, prices), usage=usage),
        optimizer=Part(rate=_rate(optimizer, prices), usage=usual_request(test, usage)),
    )


def told_cost(found: Outlook, *, task: Part, optimizer: Part) -> str:
    """Say what so many calls cost, roughly; see :func:`told_price`."""
    if found.calls is None:
        return ""
    requests = min(found.requests or 0, found.calls)
    parts = [("task", task, found.calls - requests), ("optimizer", optimizer, requests)]
    dollars = sum(
        part.rate.cost(part.usage) * calls for _, part, calls in parts if part.rate
    )
    if not dollars:
        return ""
    told = f"about {money(dollars)} (an estimate from the lengths of the texts"
    if found.requests is None:
        return f"{told}, as if all calls were the task model's)"
    unknown = [name for name, part, calls in parts if calls and part.rate is None]
    if unknown:
        return f"{told}, without the {unknown[0]} model, whose price is not known)"
    return f"{told})"


def _rate(model: NamedModel | None, prices: Mapping[str, Price]) -> Price | None:
    if model is None:
        return None
    return FREE if model.costs_nothing else prices.get(model.name)


def usual_request(test: PromptTest, usage: Usage) -> Usage:
    """Return the tokens of one request to the optimizer model, roughly.

    Args:
        test: The prompt test, whose texts are rewritten.
        usage: What one call of the task model takes.
    """
    texts = [
        text
        for address, text in test.prompt.incumbent.texts.items()
        if address in {region.address for region in test.prompt.regions}
    ]
    text = round(tokens_of("".join(texts)) / OVERRATED / max(1, len(texts)))
    prompt = FRAME + SHOWN_TEXTS * text + SHOWN_CASES * usage.prompt_tokens
    return Usage(prompt_tokens=prompt, completion_tokens=max(text, ASSUMED_REPLY))
