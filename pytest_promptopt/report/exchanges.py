"""What was sent and what came back, for a look at one case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_promptopt.records import Completion, Message


def exchange_lines(
    exchanges: Iterable[tuple[Sequence[Message], Completion, str]],
) -> list[str]:
    """Return the messages and replies of one trial, each once.

    The turns of a conversation repeat all that was said before; of them only what is
    new is shown.

    Args:
        exchanges: What was sent, the reply to it, and the name of the prompt if there
            are several, in the order of sending.
    """
    lines: list[str] = []
    said: list[Message] = []
    for messages, completion, name in exchanges:
        whose = f"{name}: " if name else ""
        goes_on = list(messages[: len(said)]) == said
        for message in messages[len(said) if goes_on else 0 :]:
            lines += message_lines(message, whose)
        lines += [f"--- {whose}reply", *_spoken(completion.message)]
        said = [*messages, completion.message]
    return lines


def message_lines(message: Message, whose: str = "") -> list[str]:
    """Return one message under its role, behind what says which prompt's it is."""
    answered = f" ({message.tool_call_id})" if message.tool_call_id else ""
    return [f"--- {whose}{message.role}{answered}", *_spoken(message)]


def _spoken(message: Message) -> list[str]:
    beside = [
        f"[{part.get('type')}]"
        for part in message.parts
        if part.get("type") not in ("text", None)
    ]
    if message.extra.get("refusal"):
        beside.append(f"[refused: {message.extra['refusal']}]")
    beside += [_called(call) for call in message.tool_calls]
    return [message.content, *beside] if message.content or not beside else beside


def _called(call: Mapping[str, Any]) -> str:
    return f"[tool call {call.get('id')}: {call.get('name')}({call.get('arguments')})]"
