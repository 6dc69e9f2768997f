"""What a live handle sends in one trial, and what becomes of the replies."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ModelError
from pytest_promptopt.items.arrival import on_running_loop
from pytest_promptopt.items.sending import awaited, call_for
from pytest_promptopt.records import digest, with_call_ids

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from pytest_promptopt.items.pending import Pending
    from pytest_promptopt.models.engine import Call, Engine, Reply
    from pytest_promptopt.records import Completion, Message

REPEAT = 1_000_000
"""What is added to the seed for each repetition; no trial has such a number."""


@dataclass(kw_only=True)
class Sender:
    """Sends the messages of one trial through the engine, from any thread or loop.

    An application that asks the same thing again, since the first reply was not good
    enough or for a majority of several, gets another draw each time.

    Attributes:
        pending: The trial.
        engine: Answers requests.
        sent: How many requests were sent.
    """

    pending: Pending
    engine: Engine
    sent: int = 0
    _numbers: list[int] = field(default_factory=list)
    _asked: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def settings_of(self, name: str) -> Mapping[str, Any]:
        """Return the arm's model settings for one prompt; its name is often empty."""
        return self.pending.arm.settings_of(name)

    @property
    def model(self) -> str:
        """The name of the arm's model."""
        return self.pending.arm.model.name

    def send(self, messages: tuple[Message, ...], name: str = "") -> Completion:
        """Send messages and wait in the calling thread.

        Args:
            messages: The messages.
            name: The prompt whose settings they are sent with, if there are several.

        Raises:
            ModelError: No usable reply came.
        """
        call, number = self._call(messages, name)
        return self._received(call, self.engine.start(call), number, name)

    async def asend(self, messages: tuple[Message, ...], name: str = "") -> Completion:
        """Send messages and wait without blocking the loop that runs here.

        Args:
            messages: The messages.
            name: The prompt whose settings they are sent with, if there are several.

        Raises:
            ModelError: No usable reply came.
        """
        call, number = self._call(messages, name)
        reply = self.engine.start(call)
        try:
            await on_running_loop(reply)
        except BaseException:  # a deadline of the application's own, or the end
            if not reply.cancel():
                reply.add_done_callback(self._count_late)
            raise
        return self._received(call, reply, number, name)

    def _call(self, messages: tuple[Message, ...], name: str) -> tuple[Call, int]:
        pending = self.pending
        key = digest([message.to_json() for message in messages])
        with self._lock:
            seed = pending.index + REPEAT * self._asked[key]
            self._asked[key] += 1
            self.sent += 1
            number = self.sent
        return call_for(pending.arm, messages, seed, pending.draw, name), number

    def _received(
        self, call: Call, reply: Future[Reply], number: int, name: str
    ) -> Completion:
        try:
            arrived = awaited(reply, call.model)
        except ModelError as error:
            self.pending.lost = error  # even if the application swallows it
            raise
        completion = self.pending.draw.tally.count(arrived, self.pending.arm.rate)
        messages = call.request.messages
        calls = with_call_ids(completion.tool_calls, turn=len(messages))
        completion = replace(completion, tool_calls=calls)
        with self._lock:
            # In the order of sending: which reply is the last one must not depend on
            # which of several at once took longest.
            at = bisect(self._numbers, number)
            self._numbers.insert(at, number)
            self.pending.exchanges.insert(at, (messages, completion, name))
        return completion

    def _count_late(self, reply: Future[Reply]) -> None:
        if not reply.cancelled() and reply.exception() is None:
            self.pending.draw.tally.count(reply.result(), self.pending.arm.rate)
