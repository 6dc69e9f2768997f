"""Fakes for tests of prompts, scorers and strategies; shipped, so no mocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError
from pytest_promptopt.records import Completion

if TYPE_CHECKING:
    from pytest_promptopt.records import Request

Script = Callable[["Request"], "str | Completion"] | Mapping[str, str]


class ScriptedModel:
    """A chat model that answers from a script.

    Args:
        script: A function from the request to the reply, or a mapping whose first key
            that occurs in the last message gives the reply.
        default: The reply where no key occurs; ``None`` makes that an error.

    Attributes:
        requests: Every request so far, in the order of arrival.
    """

    def __init__(self, script: Script, *, default: str | None = None) -> None:
        self._script = script
        self._default = default
        self.requests: list[Request] = []

    def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises:
            ModelError: The script has no reply.
        """
        self.requests.append(request)
        reply = self._reply(request)
        return reply if isinstance(reply, Completion) else Completion(text=reply)

    def _reply(self, request: Request) -> str | Completion:
        if not isinstance(self._script, Mapping):
            return self._script(request)
        last = request.messages[-1].content
        for key, reply in self._script.items():
            if key in last:
                return reply
        if self._default is not None:
            return self._default
        raise ModelError(
            f"the script has no reply to {last[:80]!r}",
            "add a key that occurs in the message, or a default",
        )


class FailingModel:
    """A chat model that fails, for good or a few times.

    Args:
        error: What is raised.
        then: Answers after ``times`` failures; ``None``: it never does.
        times: How often it fails before.
    """

    def __init__(
        self, error: ModelError, *, then: ScriptedModel | None = None, times: int = 1
    ) -> None:
        self._error = error
        self._then = then
        self._left = times

    def complete(self, request: Request) -> Completion:
        """Fail, or answer once the failures are used up.

        Raises:
            ModelError: The one that was given.
        """
        if self._then is None or self._left > 0:
            self._left -= 1
            raise self._error
        return self._then.complete(request)


__all__ = ["FailingModel", "ScriptedModel"]
