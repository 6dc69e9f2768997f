"""How many tokens a call takes, before its reply says so."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.records import Completion, Request

BYTES_PER_TOKEN = 3
"""Of UTF-8; English text has 4 and more, so that the estimate is one from above."""

FIRST_REPLY = 500
"""Tokens of a reply as long as none has come and nothing limits it."""

_REPLY_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


def prompt_tokens(request: Request) -> int:
    """Return the tokens of a request at most, as far as its length tells.

    Everything that is sent counts: messages, tools, schemas.
    """
    sent = request.to_json()
    return tokens_of([sent["messages"], sent["settings"]])


def tokens_of(value: Any) -> int:
    """Return the tokens of a JSON value at most, as far as its length tells."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN)


def reply_limit(settings: Mapping[str, Any]) -> int | None:
    """Return the tokens that the settings allow a reply; ``None`` if they do not say.

    Where several replies are asked for at once (``n``), all of them count.
    """
    limits = [_number(settings.get(key)) for key in _REPLY_LIMITS]
    return max(limits) * max(1, _number(settings.get("n"))) or None


def _number(value: Any) -> int:
    """Return a whole number above 0; 0 for everything else, which is the provider's."""
    return value if type(value) is int and value > 0 else 0


def tokens_spent(request: Request, completion: Completion) -> tuple[int, int]:
    """Return the tokens of prompt and reply: the provider's count, else an estimate."""
    usage = completion.usage
    prompt, reply = usage.prompt_tokens, usage.completion_tokens
    if not (prompt or reply):  # not reported, which is not the same as free
        return prompt_tokens(request), tokens_of(completion.text)
    return prompt, reply
