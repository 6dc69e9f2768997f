"""Asking chat models, whatever kind of function they have, and closing them."""

from __future__ import annotations

import asyncio
import inspect
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ModelError, SettingError
from pytest_promptopt.models.foreign import as_model_error
from pytest_promptopt.models.loop import GRACE_S
from pytest_promptopt.models.text import one_line
from pytest_promptopt.models.threads import DaemonThreads
from pytest_promptopt.records import Completion

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from pytest_promptopt.models.call import Call
    from pytest_promptopt.models.chat import ChatModel


class Asking:
    """The models that were asked, and the threads of those that block.

    Every method is called on one event loop.
    """

    def __init__(self) -> None:
        self._asked: dict[int, ChatModel] = {}
        self._threads = DaemonThreads()

    async def ask(self, call: Call) -> Completion:
        """Ask a call's model once.

        Raises:
            ModelError: No usable reply came.
            SettingError: The request cannot be sent.
        """
        name, chat = call.model.name, call.model.chat
        self._asked[id(chat)] = chat
        began = time.perf_counter()
        try:
            if inspect.iscoroutinefunction(chat.complete):
                completion = await chat.complete(call.request)
            else:
                completion = await self._threads.run(chat.complete, call.request)
                if inspect.isawaitable(completion):
                    completion = await completion
        except (ModelError, SettingError):
            raise
        except Exception as error:
            raise as_model_error(name, error) from error
        if not isinstance(completion, Completion):
            shown = one_line(repr(completion))
            raise broken(name, f"returned {shown} instead of a Completion")
        if not isinstance(completion.text, str):
            shown = one_line(repr(completion.text))
            raise broken(name, f"returned a Completion whose text is {shown}")
        if completion.latency_s:
            return completion
        return replace(completion, latency_s=time.perf_counter() - began)

    async def close(self) -> None:
        """Close the models, as far as they can be closed soon, and end the threads."""
        closing = asyncio.ensure_future(self._close_models())
        await asyncio.wait([closing], timeout=GRACE_S)
        self._threads.close()

    async def _close_models(self) -> None:
        closings = [self._closing(model) for model in self._asked.values()]
        # A connection that cannot be closed is nobody's loss any more.
        await asyncio.gather(
            *(each for each in closings if each is not None), return_exceptions=True
        )

    def _closing(self, model: ChatModel) -> Awaitable[Any] | None:
        aclose, close = getattr(model, "aclose", None), getattr(model, "close", None)
        if inspect.iscoroutinefunction(aclose):
            closed: Awaitable[Any] = aclose()
            return closed
        if inspect.ismethod(close) and not inspect.iscoroutinefunction(close):
            return self._threads.run(lambda _: close(), None)
        return None


def broken(name: str, what: str) -> ModelError:
    """Return the error for a model that does not keep to the protocol.

    Args:
        name: The model's name.
        what: What it did, as the end of a sentence.
    """
    return ModelError(f"model {name!r} {what}", "correct the model's complete()")
