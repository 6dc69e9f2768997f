"""The JSON value that a reply is; never repaired."""

from __future__ import annotations

import json
from typing import Any

from pytest_promptopt.records.strict_json import read_json

FENCE = "```"


def reply_json(text: str, *, first_block: bool) -> Any:
    """Read a reply as JSON, as it is.

    Args:
        text: The reply.
        first_block: Whether the first fenced code block counts, if there is one.

    Raises:
        ValueError: It is no JSON; its text says why.
    """
    block = fenced_block(text)
    body = text if block is None or not first_block else block
    try:
        return read_json(body.strip())
    except json.JSONDecodeError as error:
        if block is not None and not first_block:
            why = "it stands in a code fence"
        else:
            why = f"{error.msg}, line {error.lineno} column {error.colno}"
        raise ValueError(why) from None


def fenced_block(text: str) -> str | None:
    """Return what stands in the first fenced code block; ``None`` without one."""
    inside: list[str] | None = None
    for line in text.split("\n"):
        bare = line.strip()
        if inside is None:
            if bare.startswith(FENCE) and FENCE not in bare[len(FENCE) :]:
                inside = []
        elif bare == FENCE:
            return "\n".join(inside)
        else:
            inside.append(line)
    return None
