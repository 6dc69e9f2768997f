"""The OpenAI chat-completions protocol: what is sent, and how replies are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_promptopt.models.text import well_formed
from pytest_promptopt.records import Completion, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_promptopt.records import Message, Request


class NotACompletionError(ValueError):
    """A body is no chat completion; the text says why."""


def messages_body(messages: Iterable[Message]) -> list[dict[str, str]]:
    """Return the chat as it is sent.

    Lone surrogates become U+FFFD, since no encoding could carry them.
    """
    return [
        {"role": message.role, "content": well_formed(message.content)}
        for message in messages
    ]


def settings_body(request: Request, *, send_seed: bool) -> dict[str, Any]:
    """Return what is sent beside model and messages: only what somebody set."""
    settings = dict(request.settings)
    if send_seed and request.seed is not None:
        settings.setdefault("seed", request.seed)
    return settings


def json_body(content: bytes) -> Any:
    """Return a response's body read as JSON, or ``None`` if it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def error_in(body: Any) -> Mapping[str, Any]:
    """Return the error object of a body; empty if there is none."""
    if not isinstance(body, dict):
        return {}
    error = body.get("error", {})
    if isinstance(error, str):
        return {"message": error}
    if isinstance(error, dict) and error:
        return error
    for name in ("message", "detail"):  # some servers leave out the envelope
        if isinstance(body.get(name), str):
            return {**body, "message": body[name]}
    return {}


def completion_in(body: Any, *, latency_s: float) -> Completion:
    """Read a chat completion.

    A reply without text is a completion with an empty text: that is the model's doing.

    Args:
        body: The response's body, read as JSON.
        latency_s: How long the reply took, in seconds.

    Raises:
        NotACompletionError: The body is something else: that is the endpoint's doing.
    """
    if not isinstance(body, dict):
        raise NotACompletionError("the body is not a JSON object")
    choices = body.get("choices")
    if not (isinstance(choices, list) and choices and isinstance(choices[0], dict)):
        raise NotACompletionError("it has no choices")
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, dict):
        raise NotACompletionError("its choice has no message")
    refusal = message.get("refusal")
    return Completion(
        text=well_formed(_joined(message.get("content"))),
        model=_text(body.get("model")),
        finish_reason=_text(choice.get("finish_reason")) or "stop",
        refusal=well_formed(refusal) if isinstance(refusal, str) else None,
        tool_calls=_tool_calls(message.get("tool_calls")),
        usage=_usage(body.get("usage")),
        latency_s=latency_s,
    )


def _text(value: Any) -> str:
    return well_formed(value) if isinstance(value, str) else ""


def _joined(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return "".join(text for text in texts if isinstance(text, str))


def _tool_calls(calls: Any) -> tuple[Mapping[str, Any], ...]:
    functions = [
        call.get("function")
        for call in (calls if isinstance(calls, list) else [])
        if isinstance(call, dict)
    ]
    return tuple(
        {
            "name": _text(function.get("name")),
            "arguments": _text(function.get("arguments")),
        }
        for function in functions
        if isinstance(function, dict)
    )


def _usage(usage: Any) -> Usage:
    counts = usage if isinstance(usage, dict) else {}
    prompt, completion = (
        count if isinstance(count, int) else 0
        for count in (counts.get("prompt_tokens"), counts.get("completion_tokens"))
    )
    return Usage(prompt_tokens=prompt, completion_tokens=completion)
