"""What an optimizer model's reply says: the text between one pair of tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_promptopt.records import Completion

_FENCE = re.compile(r"(`{3,}|~{3,})[^\n`]*\n(.*?)\n?[ \t]*\1[ \t]*", re.DOTALL)

Why = Literal["no reply", "refusal", "no tag", "two tags", "empty"]


@dataclass(frozen=True, slots=True)
class Unparsable:
    """A reply that holds no text; it costs budget, is counted and never scored.

    Attributes:
        reason: ``"no reply"``, ``"refusal"``, ``"no tag"``, ``"two tags"`` or
            ``"empty"``.
    """

    reason: Why


def read_reply(text: str, tag: str) -> str | Unparsable:
    """Return what stands between the one pair of tags of a reply.

    Talk around the tags is ignored, and a Markdown fence around the content is taken
    off. Half a pair, a second pair or a pair in the wrong order is a failure and not
    a text: guessing would put chatter to the score.

    Args:
        text: The reply.
        tag: Name of the tag, without brackets.

    Returns:
        The content without outer blank space, never empty; or why there is none.
    """
    opening, closing = f"<{tag}>", f"</{tag}>"
    openings, closings = text.count(opening), text.count(closing)
    if openings > 1 or closings > 1:
        return Unparsable("two tags")
    start, end = text.find(opening), text.find(closing)
    if start < 0 or end < start:
        return Unparsable("no tag")
    content = _without_fence(text[start + len(opening) : end].strip())
    return content or Unparsable("empty")


def read_completion(completion: Completion | None, tag: str) -> str | Unparsable:
    """Return the text that a reply of the optimizer model proposes.

    Args:
        completion: The reply; ``None`` if none came.
        tag: Name of the reply tag.

    Returns:
        As :func:`read_reply`; a refusal and a lost reply are failures of their own.
    """
    if completion is None:
        return Unparsable("no reply")
    if completion.refusal or completion.finish_reason == "content_filter":
        return Unparsable("refusal")
    return read_reply(completion.text, tag)


def same_text(text: str) -> str:
    """Return the key under which texts count as repeats: words, without case."""
    return " ".join(text.split()).casefold()


def _without_fence(content: str) -> str:
    fenced = _FENCE.fullmatch(content)
    return fenced.group(2).strip() if fenced else content
