"""Prices that the library genai-prices knows, where it is installed.

Its prices come with it: nothing is asked of the network. They are those of single
requests at the normal rate, so that what is saved by batches or cached prompts is not
seen.
"""

from __future__ import annotations

import math
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pytest_promptopt.models.prices import TOKENS_PER_PRICE, Price

if TYPE_CHECKING:
    from pytest_promptopt.models.providers import Provider

OPENAI_URL = "https://api.openai.com/v1"

_PRICED = 1_000
"""Tokens whose price is asked for: long prompts have other rates."""


def list_price(model: str, provider: Provider) -> Price | None:
    """Return what a model costs, found by the address that it is asked at.

    Args:
        model: The model's name as the provider has it.
        provider: Where it is asked: the same name costs something else elsewhere.

    Returns:
        ``None`` where that is not known.
    """
    if find_spec("genai_prices") is None:
        return None
    address = provider.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
    from genai_prices import Usage, calc_price

    try:
        prompt = calc_price(
            Usage(input_tokens=_PRICED, output_tokens=0),
            model,
            provider_api_url=address,
        )
        reply = calc_price(
            Usage(input_tokens=0, output_tokens=_PRICED),
            model,
            provider_api_url=address,
        )
    except (LookupError, ValueError):  # what it does not know, it says so
        return None
    rates = [
        float(priced.total_price) * TOKENS_PER_PRICE / _PRICED
        for priced in (prompt, reply)
    ]
    if not all(math.isfinite(rate) and rate >= 0 for rate in rates):
        return None
    return Price(input=rates[0], output=rates[1])
