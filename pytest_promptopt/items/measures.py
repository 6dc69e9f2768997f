"""What a limit may be set on: the parts of a score, and what a reply took."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.records import Completion, Score


def measures_of(
    score: Score,
    completions: Sequence[Completion],
    price: Price | None,
    *,
    output: str,
) -> dict[str, float]:
    """Return the measures of one trial, by name.

    Args:
        score: Its score; the names of its parts win over those below.
        completions: The replies that it took, several with a live handle.
        price: What the model costs, if that is known.
        output: The text that was judged.

    Returns:
        The score's parts, and ``"length"`` in characters, ``"tokens"`` of prompts and
        replies, ``"output_tokens"``, ``"latency"`` in seconds and ``"cost"`` in US
        dollars, as far as they are known: what a provider does not report for every
        reply is left out, never 0.
    """
    measures = {"length": float(len(output))}
    usages = [completion.usage for completion in completions]
    counts = [usage.prompt_tokens + usage.completion_tokens for usage in usages]
    if counts and all(counts):
        measures["tokens"] = float(sum(counts))
        measures["output_tokens"] = float(sum(u.completion_tokens for u in usages))
        if price is not None:
            measures["cost"] = math.fsum(map(price.cost, usages))
    latencies = [completion.latency_s for completion in completions]
    if latencies and all(latencies):
        measures["latency"] = math.fsum(latencies)
    return {**measures, **score.parts}
