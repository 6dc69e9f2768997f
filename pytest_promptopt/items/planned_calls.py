"""What a prompt test is going to ask of the models, before the first call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.items.judge import most_judged
from pytest_promptopt.items.side_by_side import most_calls
from pytest_promptopt.models.tokens import BYTES_PER_TOKEN, prompt_tokens, reply_limit
from pytest_promptopt.records import Request, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_promptopt.items.planning import Plan
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.reference import Reference
    from pytest_promptopt.models.chat import NamedModel

LOOKED_AT = 50
"""Cases whose prompts stand for those of all."""

OVERRATED = 4 / BYTES_PER_TOKEN
"""What the estimate from above says more than English text usually takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCalls:
    """What judging one prompt test takes; replies in the cache are not known before.

    Attributes:
        test: The prompt test.
        model: Its task model.
        first: Calls of the first look, or of the only one, with what a judge is asked
            about its replies at most.
        most: Calls of all looks and of what is asked once more, at most.
    """

    test: PromptTest
    model: NamedModel
    first: int
    most: int


def planned_calls(
    test: PromptTest, plan: Plan, reference: Reference, model: NamedModel
) -> PlannedCalls:
    """Return what judging a prompt test takes, in calls.

    Of a body that sends its own requests it is not known how many: each prompt is taken
    to be sent once. An application that asks its model itself is not counted.

    Args:
        test: The test.
        plan: How it is judged.
        reference: What it is held against.
        model: Its task model.
    """
    replies = plan.trials * len(
        plan.common if plan.mode == "unedited" else test.cases
    ) + (plan.trials * len(plan.common) if plan.mode == "edited" else 0)
    sends = max(1, len(test.prompt.names)) if test.mark.deliver == "argument" else 0
    first = replies * sends + most_judged(test, replies)
    most = first
    if plan.mode == "edited":
        most = max(first, most_calls(test, reference.record) * max(1, sends))
    return PlannedCalls(test=test, model=model, first=first, most=most)


def usual_tokens(
    test: PromptTest, settings: Mapping[str, Any], *, reply: int, limited: bool = True
) -> Usage | None:
    """Return the tokens that one call usually takes.

    Args:
        test: The test, whose cases are rendered.
        settings: Model settings of its requests.
        reply: Tokens of a reply where the settings allow any number.
        limited: Whether a reply may take as many as they allow; else it is ``reply``.

    Returns:
        ``None`` where a prompt cannot be rendered.
    """
    if test.prompt.names:
        return None  # what fills each of them, the body decides
    try:
        requests = [
            Request(messages=test.prompt.render(case.inputs), settings=settings)
            for case in test.cases[:LOOKED_AT]
        ]
    except PromptOptError:
        return None
    sent = sum(map(prompt_tokens, requests)) / max(1, len(requests)) / OVERRATED
    limit = reply_limit(settings) if limited else None
    return Usage(
        prompt_tokens=round(sent), completion_tokens=reply if limit is None else limit
    )
