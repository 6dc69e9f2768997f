"""The OpenAI chat-completions protocol: what is sent, and how replies are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.text import one_line, well_formed
from pytest_promptopt.records import Completion, Usage, canonical_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pytest_promptopt.records import Message, Request


class NotACompletionError(ValueError):
    """A body is no chat completion; the text says why."""


def messages_body(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return the chat as it is sent.

    Lone surrogates become U+FFFD, since no encoding could carry them.
    """
    return [_well_formed(message.as_openai()) for message in messages]


def _well_formed(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {well_formed(key): _well_formed(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_well_formed(entry) for entry in value]
    return value


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse model settings that would make a request another one than it is said.

    Raises:
        SettingError: There is one.
    """
    for name, hint in _ELSEWHERE.items():
        if name in settings:
            raise SettingError(
                f"model setting {name!r} = {one_line(repr(settings[name]))} is not "
                "supported: it is set elsewhere",
                hint,
            )
    if settings.get("stream"):
        raise SettingError(
            f"model setting 'stream' = {settings['stream']!r} is not supported: "
            "replies are read whole",
            "remove it from the request settings",
        )
    if settings.get("n") not in (None, 1):
        raise SettingError(
            f"model setting 'n' = {settings['n']!r} is not supported: one reply is "
            "read, and all would be paid for",
            "remove it from the request settings",
        )


_ELSEWHERE = {
    "model": 'write model="PROVIDER:MODEL" on the marker, or set promptopt_model',
    "messages": "put the text into the prompt",
}


def settings_body(
    request: Request,
    *,
    defaults: Mapping[str, Any],
    send_seed: bool,
    drop: Collection[str] = (),
) -> dict[str, Any]:
    """Return what is sent beside model and messages: only what somebody set.

    Args:
        request: What is asked.
        defaults: Settings that hold where the request says nothing.
        send_seed: Whether the trial index is sent.
        drop: Names of settings that are not sent.

    Raises:
        SettingError: The request asks for something that is not supported.
    """
    settings = {**defaults, **request.settings}
    check_settings(settings)
    if send_seed and request.seed is not None:
        settings.setdefault("seed", request.seed)
    return {name: value for name, value in settings.items() if name not in drop}


def json_body(content: bytes) -> Any:
    """Return a response's body read as JSON, or ``None`` if it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def error_in(body: Any) -> Mapping[str, Any]:
    """Return the error object of a body; empty if there is none."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]  # as Google does
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


def filtered_in(status: int, body: Any, *, latency_s: float) -> Completion | None:
    """Read the refusal of a prompt by a content filter, which Azure sends as an error.

    The prompt caused it, and an application would get no answer either: like a reply
    that was filtered, it is a reply without text.

    Args:
        status: Of the response.
        body: Its body, read as JSON.
        latency_s: How long it took, in seconds.

    Returns:
        A completion with the finish reason ``"content_filter"``; ``None`` if the error
        is another one.
    """
    error = error_in(body)
    inner = error.get("innererror")
    codes = {str(error.get("code"))}
    if isinstance(inner, dict):
        codes.add(str(inner.get("code")))
    if status != 400 or not codes & {"content_filter", "ResponsibleAIPolicyViolation"}:
        return None
    return Completion(text="", finish_reason="content_filter", latency_s=latency_s)


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
        usage=usage_in(body),
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
    return tuple(
        read
        for call in (calls if isinstance(calls, list) else [])
        if isinstance(call, dict)
        for read in _tool_call(call)
    )


def _tool_call(call: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    function, custom = call.get("function"), call.get("custom")
    name = _text(call.get("id"))
    called = {"id": name} if name else {}
    if isinstance(function, dict):
        arguments = function.get("arguments")
        if isinstance(arguments, dict):  # some servers send what they have parsed
            arguments = json.dumps(arguments, ensure_ascii=False)
        called |= {"name": _text(function.get("name")), "arguments": _text(arguments)}
    elif isinstance(custom, dict):
        called |= {"name": _text(custom.get("name")), "type": "custom"}
        called["arguments"] = _text(custom.get("input"))
    else:
        return
    # Some providers sign their calls, and refuse one that comes back without it.
    yield {**_further(call), **called}


def _further(call: Mapping[str, Any]) -> Mapping[str, Any]:
    read = ("id", "index", "type", "function", "custom", "name", "arguments")
    return {
        key: value
        for key, value in call.items()
        if key not in read and value is not None and _is_json(value)
    }


def _is_json(value: Any) -> bool:
    try:
        canonical_json(value)
    except (ValueError, RecursionError):
        return False  # NaN, which Python reads and nobody takes back
    return True


def usage_in(body: Mapping[str, Any]) -> Usage:
    """Return the tokens that a response reports; 0 where it does not."""
    usage = body.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    prompt, completion = (
        count if isinstance(count, int) else 0
        for count in (counts.get("prompt_tokens"), counts.get("completion_tokens"))
    )
    return Usage(prompt_tokens=prompt, completion_tokens=completion)
