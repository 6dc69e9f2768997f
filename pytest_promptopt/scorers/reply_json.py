"""The JSON value that a reply is; never repaired."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_promptopt.records.strict_json import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    return next((block for block, _ in fenced_blocks(text)), None)


def fenced_blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands in each fenced code block, with all text before it outside."""
    before: list[str] = []
    inside: list[str] | None = None
    for line in text.split("\n"):
        bare = line.strip()
        if inside is None:
            if bare.startswith(FENCE) and FENCE not in bare[len(FENCE) :]:
                inside = []
            else:
                before.append(line)
        elif bare == FENCE:
            yield "\n".join(inside), "\n".join(before)
            inside = None
        else:
            inside.append(line)
