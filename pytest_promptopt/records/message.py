"""One message of a chat, in the words of this package and in OpenAI's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_promptopt.records.base import Record, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Role = Literal["system", "developer", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Record):
    """One chat message.

    A template renders to messages with a role and a content; an application's own
    conversation may have the rest.

    Attributes:
        role: ``"system"``, ``"user"`` or ``"assistant"``; ``"developer"``, as some
            models call the first; or ``"tool"``, for the result of a tool call.
        content: The text, as it is sent; of parts, the texts among them.
        parts: What is sent instead of the text: text, images and other parts, each as
            OpenAI's protocol writes it.
        tool_calls: The calls that an assistant asked for, as a completion has them.
        tool_call_id: Which of them a tool's result answers; else empty.
        extra: Further keys of the message, sent as they are, such as ``name``.
    """

    role: Role
    content: str
    parts: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    tool_calls: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    tool_call_id: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Return built-in types only, without what is empty beside the content.

        Keys of replies and fingerprints of requests are made of this.
        """
        told: dict[str, Any] = {"role": self.role, "content": self.content}
        for name in ("parts", "tool_calls", "tool_call_id", "extra"):
            if value := getattr(self, name):
                told[name] = plain(value)
        return told

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """Rebuild a message written by :meth:`to_json`."""
        rebuilt = dict(data)
        for name in ("parts", "tool_calls"):
            rebuilt[name] = tuple(data.get(name, ()))
        return cls(**rebuilt)

    def as_openai(self) -> dict[str, Any]:
        """Return the message as OpenAI's chat completions write it, as new objects."""
        content: Any = [dict(part) for part in self.parts] or self.content
        told: dict[str, Any] = {"role": self.role, "content": content}
        if not content and (self.tool_calls or self.extra.get("refusal")):
            told["content"] = None  # as the reply had it; some servers refuse ""
        if self.tool_calls:
            told["tool_calls"] = [_call_as_openai(call) for call in self.tool_calls]
        if self.tool_call_id:
            told["tool_call_id"] = self.tool_call_id
        return {**told, **{k: v for k, v in self.extra.items() if k not in told}}


def _call_as_openai(call: Mapping[str, Any]) -> dict[str, Any]:
    custom = call.get("type") == "custom"
    arguments = call.get("arguments", "")
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    kind, given = ("custom", "input") if custom else ("function", "arguments")
    told = {"id": call["id"]} if "id" in call else {}
    told |= {"type": kind, kind: {"name": call.get("name", ""), given: arguments}}
    # What a provider adds to its calls, such as a signature, it wants back.
    return {**told, **{k: v for k, v in call.items() if k not in (*told, *_OWN)}}


_OWN = ("name", "arguments")


def with_call_ids(
    calls: Iterable[Mapping[str, Any]], *, turn: int
) -> tuple[Mapping[str, Any], ...]:
    """Return tool calls that have an id each, where the provider gave none.

    Args:
        calls: The calls of one reply.
        turn: A number of the reply in its conversation, for ids that differ.
    """
    return tuple(
        call if call.get("id") else {**call, "id": f"call_{turn}_{number}"}
        for number, call in enumerate(calls, 1)
    )
