"""What an application sends, read as messages: ours, or OpenAI's dicts."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, cast, get_args

from pytest_promptopt.errors import MessageError
from pytest_promptopt.models.text import one_line
from pytest_promptopt.records import Completion, Message, Role, canonical_json
from pytest_promptopt.settings import did_you_mean

ROLES = get_args(Role)
FIELDS = ("role", "content", "tool_calls", "tool_call_id")
EXAMPLE = '[{"role": "user", "content": "..."}]'
SHOWN = 80


def messages_from(given: Any) -> tuple[Message, ...]:
    """Read a conversation.

    Args:
        given: Messages, oldest first, each a :class:`Message` or a mapping with the
            keys of OpenAI's chat completions; not empty. A key whose value is ``None``
            is not there, and further keys are sent as they are.

    Raises:
        MessageError: One of them cannot be sent; it names its place, from 1.
    """
    if isinstance(given, (str, bytes, Message, Mapping)) or not isinstance(
        given, Iterable
    ):
        raise MessageError(
            f"what is sent is {_shown(given)}, not a list of messages",
            f"send a list: {EXAMPLE}",
        )
    read = tuple(_message(entry, at) for at, entry in enumerate(given, 1))
    if not read:
        raise MessageError(
            "an empty list of messages is sent",
            "send one message or more; prompt.messages(...) gives the first ones",
        )
    return read


def _message(entry: Any, at: int) -> Message:
    if isinstance(entry, Message):
        entry = entry.as_openai()
    elif callable(getattr(entry, "model_dump", None)):  # as OpenAI's client returns it
        entry = entry.model_dump()
    if not isinstance(entry, Mapping):
        _refuse_kind(entry, at)
    told = {key: value for key, value in entry.items() if value is not None}
    role = _role(told, at)
    where = f"message {at} ({role})"
    _check_keys(told, where)
    content, parts = _content(told, role, where)
    message = Message(
        role=role,
        content=content,
        parts=parts,
        tool_calls=_tool_calls(told, role, where),
        tool_call_id=_tool_call_id(told, role, where),
        extra={key: value for key, value in told.items() if key not in FIELDS},
    )
    _check_json(message, where)
    return message


def _refuse_kind(entry: Any, at: int) -> NoReturn:
    hint = 'write {"role": "user", "content": "..."}, or append completion.message'
    if isinstance(entry, (list, tuple)):
        hint = "it is a list in the list: put a star before it, [*messages, ...]"
    if isinstance(entry, Completion):
        raise MessageError(
            f"message {at} is a completion, no message",
            "append its message: completion.message",
        )
    raise MessageError(f"message {at} is {_shown(entry)}, no message", hint)


def _role(told: Mapping[str, Any], at: int) -> Role:
    role = told.get("role")
    if role in ROLES:
        return cast("Role", role)
    if role is None:
        raise MessageError(
            f"message {at} has no role: {_shown(dict(told))}",
            f'add "role", one of: {", ".join(ROLES)}',
        )
    hint = did_you_mean(str(role), ROLES)
    if role == "function":
        hint = 'write "tool", with the tool_call_id of the call that it answers'
    raise MessageError(f"message {at} has the role {_shown(role)}", hint)


def _check_keys(told: Mapping[str, Any], where: str) -> None:
    """Refuse what is one of the four keys, spelt wrongly: it would go out unread."""
    for key in told:
        close = difflib.get_close_matches(str(key), FIELDS, n=1, cutoff=0.8)
        if key not in FIELDS and close and close[0] not in told:
            raise MessageError(
                f"{where} has the key {_shown(key)}", f"did you mean {close[0]!r}?"
            )


def _content(
    told: Mapping[str, Any], role: Role, where: str
) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    content = told.get("content")
    if isinstance(content, str):
        return content, ()
    if content is None and role == "assistant":
        if told.get("tool_calls") or told.get("refusal"):
            return "", ()
        raise MessageError(
            f"{where} has neither content nor tool_calls",
            "append completion.message, which has what the model said",
        )
    if content is None:
        raise MessageError(f"{where} has no content", 'add "content", a text')
    if not isinstance(content, (list, tuple)) or not content:
        hint = "send a text, or a list of parts"
        if role == "tool":
            hint = "send a text; json.dumps(result) makes one of any result"
        raise MessageError(f"{where} has the content {_shown(content)}", hint)
    texts = [_part_text(part, f"{where}, part {at}") for at, part in _counted(content)]
    return "".join(texts), tuple(content)


def _part_text(part: Any, where: str) -> str:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if not isinstance(part, Mapping) or not isinstance(kind, str):
        raise MessageError(
            f"{where} is {_shown(part)}",
            'write parts as OpenAI has them: {"type": "text", "text": "..."} or '
            '{"type": "image_url", "image_url": {"url": "..."}}',
        )
    text = part.get("text", "") if kind == "text" else ""
    if kind == "text" and not (isinstance(text, str) and "text" in part):
        raise MessageError(
            f"{where} has no text: {_shown(dict(part))}", 'add "text" to the part'
        )
    return cast("str", text)


def _tool_calls(
    told: Mapping[str, Any], role: Role, where: str
) -> tuple[Mapping[str, Any], ...]:
    calls = told.get("tool_calls")
    if not calls and isinstance(calls, (list, tuple, type(None))):
        return ()
    if role != "assistant":
        raise MessageError(
            f"{where} has tool_calls",
            "only an assistant message has them: append completion.message",
        )
    if not isinstance(calls, (list, tuple)):
        raise MessageError(
            f"{where} has the tool_calls {_shown(calls)}", "send a list of calls"
        )
    return tuple(
        _tool_call(call, f"{where}, tool call {at}") for at, call in _counted(calls)
    )


def _tool_call(call: Any, where: str) -> Mapping[str, Any]:
    """Read a call as OpenAI nests it, or flat as a completion has it."""
    if not isinstance(call, Mapping):
        raise MessageError(f"{where} is {_shown(call)}", _AS_IT_CAME)
    kind, given = "function", "arguments"
    if isinstance(call.get("custom"), Mapping):
        kind, given = "custom", "input"
    inner = call.get(kind)
    inner = inner if isinstance(inner, Mapping) else call
    name, arguments = inner.get("name"), inner.get(given, inner.get("arguments"))
    if isinstance(arguments, Mapping):
        arguments = _dumped(arguments, where)
    for key, value in (("id", call.get("id")), ("name", name)):
        if not (isinstance(value, str) and value):
            raise MessageError(
                f"{where} has no {key}: {_shown(dict(call))}", _AS_IT_CAME
            )
    if not isinstance(arguments, str):
        raise MessageError(
            f"{where} has the arguments {_shown(arguments)}",
            f"send them as the model wrote them; {_AS_IT_CAME}",
        )
    beside = ("id", "type", "function", "custom", "name", "arguments", "index")
    kept = {k: v for k, v in call.items() if k not in beside and v is not None}
    read = {"id": call["id"], "name": name, "arguments": arguments}
    custom = kind == "custom" or call.get("type") == "custom"
    return {**read, **({"type": "custom"} if custom else {}), **kept}


_AS_IT_CAME = "append completion.message, which has the model's calls as they came"


def _tool_call_id(told: Mapping[str, Any], role: Role, where: str) -> str:
    answered = told.get("tool_call_id")
    if role != "tool":
        if answered is not None:
            raise MessageError(
                f"{where} has the tool_call_id {_shown(answered)}",
                'give the result of a tool the role "tool"',
            )
        return ""
    if isinstance(answered, str) and answered:
        return answered
    problem = (
        f"{where} has no tool_call_id"
        if answered in (None, "")
        else f"{where} has the tool_call_id {_shown(answered)}"
    )
    raise MessageError(
        problem,
        'send the id of the call that it answers: call["id"] of completion.tool_calls',
    )


def _check_json(message: Message, where: str) -> None:
    try:
        canonical_json(message.to_json())
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError(
            f"{where} cannot be sent as JSON: {one_line(str(error))}",
            "use text, finite numbers, booleans, lists and dicts only",
        ) from None


def _dumped(arguments: Mapping[str, Any], where: str) -> str:
    try:
        return json.dumps(arguments, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError(
            f"{where} has arguments that are not JSON: {one_line(str(error))}",
            _AS_IT_CAME,
        ) from None


def _counted(entries: Iterable[Any]) -> Iterable[tuple[int, Any]]:
    return enumerate(entries, 1)


def _shown(value: Any) -> str:
    return one_line(repr(value), longest=SHOWN)
