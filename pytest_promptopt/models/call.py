"""A model call, its reply, and everybody who waits for the same one."""

from __future__ import annotations

import contextlib
from concurrent.futures import InvalidStateError
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ModelError, SettingError
from pytest_promptopt.models.cache import SCHEMA
from pytest_promptopt.records import digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.records import Completion, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to one model, and what it is for.

    Attributes:
        model: Who is asked.
        request: What is asked; ``request.seed`` is the trial index.
        purpose: Calls of different purposes never share a reply.
        run: Calls of different runs never share a reply; empty where they may.
        budget: What the call is taken from, if it is limited.
    """

    model: NamedModel
    request: Request
    purpose: str
    run: str = ""
    budget: Budget | None = None

    @property
    def key(self) -> str:
        """Identity of the reply: calls with equal keys are answered alike.

        Raises:
            SettingError: A model setting is not JSON.
        """
        identity, request = self.model.identity, self.request.to_json()
        try:
            return digest([SCHEMA, identity, request, self.purpose, self.run])
        except (TypeError, ValueError) as error:
            settings = dict(self.request.settings)
            raise SettingError(
                f"model settings {settings!r} cannot be sent as JSON: {error}",
                "use text, finite numbers, booleans, lists and tables only",
            ) from None

    def note_replay(self, completion: Completion) -> None:
        """Have a reply that was not paid for anew counted, where such count."""
        if self.budget is not None and self.budget.counts_replays:
            self.budget.replayed(self, completion)


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion, and whether it was paid for.

    Attributes:
        completion: What the model answered.
        cached: Whether it came from the cache, or with the reply to an equal call.
    """

    completion: Completion
    cached: bool


@dataclass(frozen=True, slots=True)
class Passenger:
    """Somebody who waits for a reply."""

    call: Call
    future: Future[Reply]


class Flight:
    """One request under way, with everybody who waits for its reply.

    Args:
        key: Of every passenger's call.
        passengers: The first one's call is sent and paid for; not empty.

    Attributes:
        began: When it was first sent, by the engine's clock; ``None``: not yet.
        number: Its place among all that were queued.
        failures: Attempts that failed, without those that came too fast.
        last_error: Why the last one did.
    """

    __slots__ = (
        "began",
        "failures",
        "key",
        "last_error",
        "number",
        "passengers",
    )

    def __init__(self, key: str, passengers: Iterable[Passenger]) -> None:
        self.key = key
        self.passengers = list(passengers)
        self.began: float | None = None
        self.number = 0
        self.failures = 0
        self.last_error: ModelError | None = None

    @property
    def call(self) -> Call:
        """The call that is sent."""
        return self.passengers[0].call

    def board(self) -> bool:
        """Return whether somebody still waits; from then on nobody can cancel."""
        waiting = [
            passenger
            for passenger in self.passengers
            if not passenger.future.done()
            and (
                passenger.future.running()
                or passenger.future.set_running_or_notify_cancel()
            )
        ]
        if waiting:  # else it still has to be known which call it was
            self.passengers = waiting
        return bool(waiting)

    def land(self, completion: Completion, *, cached: bool) -> None:
        """Give everybody the reply; only the first one can have paid for it."""
        if self.board():
            for number, passenger in enumerate(self.passengers):
                replay = cached or number > 0
                if replay:
                    passenger.call.note_replay(completion)
                # One that was told meanwhile that no reply comes is told nothing else.
                with contextlib.suppress(InvalidStateError):
                    passenger.future.set_result(Reply(completion, replay))

    def fail(self, error: BaseException) -> None:
        """Tell everybody that no reply came."""
        if self.board():
            for passenger in self.passengers:
                with contextlib.suppress(InvalidStateError):
                    passenger.future.set_exception(error)

    def strand(self) -> None:
        """Tell everybody that the run is over."""
        self.fail(
            ModelError(
                f"the run ended before model {self.call.model.name!r} replied",
                "run it again: replies that came are in the cache",
            )
        )

    def lose(self, why: str, hint: str) -> None:
        """Tell everybody that the engine cannot bring a reply any more.

        Args:
            why: What became of it: the beginning of a sentence.
            hint: What to do about it, as one instruction.
        """
        self.fail(
            ModelError(f"{why} before model {self.call.model.name!r} replied", hint)
        )

    def split(self) -> Flight | None:
        """Let those leave whose call is taken from another budget than the first's.

        Returns:
            A flight of their own, if there are any.
        """
        budget = self.call.budget
        others = [entry for entry in self.passengers if entry.call.budget is not budget]
        self.passengers = [
            entry for entry in self.passengers if entry.call.budget is budget
        ]
        return Flight(self.key, others) if others else None
