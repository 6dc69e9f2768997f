"""What goes to a model and what comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ReplyNotJsonError
from pytest_promptopt.records.base import Record
from pytest_promptopt.records.message import Message, with_call_ids

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Record):
    """What is sent to a model, without the model's name.

    Attributes:
        messages: The chat, oldest first; not empty.
        settings: Model settings such as ``temperature``, sent as they are.
        seed: Number of the draw, from 0; sent where the provider takes one, so that
            repeated trials of one case are different draws. ``None`` sends nothing.
    """

    messages: tuple[Message, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Request:
        """Rebuild a request written by :meth:`to_json`."""
        messages = tuple(Message.from_json(entry) for entry in data["messages"])
        return cls(messages=messages, settings=data["settings"], seed=data["seed"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Record):
    """Tokens of one reply, as the provider counted them; 0 where it did not."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Usage:
        """Rebuild a usage written by :meth:`to_json`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion(Record):
    """A finished reply of a model.

    Attributes:
        text: The reply's text; empty if there was none.
        model: The model id that the provider reported.
        finish_reason: ``"stop"``, ``"length"``, ``"content_filter"``, ``"tool_calls"``
            or what else the provider said.
        refusal: The refusal's text, if the model refused.
        tool_calls: The calls asked for, each a mapping with ``name`` and ``arguments``,
            with ``id`` where the provider gave one, and with what else it needs back.
        usage: Tokens spent.
        latency_s: Wall time of the request, in seconds, when it was first answered.
    """

    text: str
    model: str = ""
    finish_reason: str = "stop"
    refusal: str | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    usage: Usage = Usage()
    latency_s: float = 0.0

    @property
    def json(self) -> Any:
        """The reply read as JSON.

        Raises:
            ReplyNotJsonError: It is none: an ``AssertionError``, hence a wrong answer.
        """
        try:
            return json.loads(self.text)
        except ValueError as error:
            shown = self.text if len(self.text) <= 80 else f"{self.text[:77]}..."
            raise ReplyNotJsonError(f"reply is not JSON ({error}): {shown!r}") from None

    @property
    def message(self) -> Message:
        """The reply as a message, to be appended to a conversation."""
        return Message(
            role="assistant",
            content=self.text,
            tool_calls=with_call_ids(self.tool_calls, turn=0),
            extra={} if self.refusal is None else {"refusal": self.refusal},
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Completion:
        """Rebuild a completion written by :meth:`to_json`."""
        rebuilt = dict(data)
        rebuilt["tool_calls"] = tuple(data["tool_calls"])
        rebuilt["usage"] = Usage.from_json(data["usage"])
        return cls(**rebuilt)
