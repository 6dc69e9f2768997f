"""The narrowest seam to a language model, and a model with its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_promptopt.models.rates import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from pytest_promptopt.records import Completion, Request


_HOST = re.compile(r"https?://([^/\s?#]+)")


@runtime_checkable
class ChatModel(Protocol):
    """Anything that answers a request.

    ``complete`` may be an ordinary function, then it runs in a thread, many at once, or
    an ``async`` one, then it runs on the engine's loop. It raises
    :class:`~pytest_promptopt.errors.ModelError` when no usable reply came, with
    ``retryable=True`` if the same request may succeed later. Any other exception is
    reported as an error of the model too, never as a wrong answer; its own attribute
    ``retryable`` is heeded, and without one a timeout and a broken connection are tried
    again.

    Attributes that are read if they exist: ``free`` (bool: costs nothing, so its
    prompt tests are never carried over), ``identity`` (str: what else than the name
    decides the replies, e.g. the endpoint; part of every cache key, so never a secret),
    ``retries_itself`` (bool: nothing is sent a second time), ``stand_in`` (str: a
    sentence for every report, for a model that is not an LLM), ``requests_per_minute``
    and ``tokens_per_minute`` (numbers above 0: never more; models with the same
    ``account``, a str, share them) and ``deadline_s`` (for one call, repeated ones
    included).
    An ``async def aclose()`` is awaited on the loop when the engine is closed; a model
    without one may have an ordinary method ``close()``.
    """

    def complete(self, request: Request) -> Completion | Awaitable[Completion]:
        """Answer one request."""
        ...


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A chat model under the name that settings, baselines and reports use.

    Attributes:
        name: For example ``"openai:gpt-5-mini"``.
        chat: What answers.
    """

    name: str
    chat: ChatModel

    @property
    def identity(self) -> str:
        """What decides the replies beside the request; never a secret."""
        return f"{self.name} {getattr(self.chat, 'identity', '')}".strip()

    @property
    def host(self) -> str:
        """The computer that its identity names; empty for a model in this process."""
        found = _HOST.search(str(getattr(self.chat, "identity", "")))
        return found[1] if found else ""

    @property
    def free(self) -> bool:
        """Whether calls cost nothing at all."""
        return bool(getattr(self.chat, "free", False))

    @property
    def costs_nothing(self) -> bool:
        """Whether no money is spent on it: it is free, or no LLM at all."""
        return self.free or bool(self.stand_in)

    @property
    def retries_itself(self) -> bool:
        """Whether the model repeats what may succeed, so that nobody else must."""
        return bool(getattr(self.chat, "retries_itself", False))

    @property
    def limits(self) -> Limits | None:
        """What its account allows in a minute, if that is known."""
        requests = getattr(self.chat, "requests_per_minute", None)
        tokens = getattr(self.chat, "tokens_per_minute", None)
        if requests is None and tokens is None:
            return None
        return Limits(
            account=str(getattr(self.chat, "account", self.identity)),
            requests_per_minute=requests,
            tokens_per_minute=tokens,
        )

    @property
    def deadline_s(self) -> float | None:
        """Seconds for one call with all its repetitions; ``None``: as for others."""
        seconds = getattr(self.chat, "deadline_s", None)
        return None if seconds is None else float(seconds)

    @property
    def stand_in(self) -> str:
        """What every report must say about a model that is no LLM; else empty."""
        return str(getattr(self.chat, "stand_in", ""))
