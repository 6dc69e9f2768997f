"""Whatever becomes of the engine's loop: nobody waits for a reply for ever."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine, RetryPolicy
from pytest_promptopt.records import Completion, Message, Request

if TYPE_CHECKING:
    from collections.abc import Callable

BEAT_S = 0.02
LOST = (
    "run it again, replies that came are in the cache; report it as a defect of "
    "pytest-promptopt if it comes again"
)


class Saboteur:
    """Does something to the loop that asks it, then never answers, or answers."""

    def __init__(
        self, deed: Callable[[asyncio.AbstractEventLoop], object], *, answers: bool
    ) -> None:
        self.deed = deed
        self.answers = answers
        self.done = threading.Event()

    async def complete(self, request: Request) -> Completion:
        if not self.done.is_set():
            self.done.set()
            self.deed(asyncio.get_running_loop())
        if not self.answers:
            await asyncio.sleep(30)
        return Completion(text=request.messages[0].content)


def engine(**changes: Any) -> Engine:
    policy = {"beat_s": BEAT_S, "first_wait_s": 0.001, **changes.pop("policy", {})}
    return Engine(retries=RetryPolicy(**policy), **changes)


def call(chat: Any, text: str) -> Call:
    request = Request(messages=(Message(role="user", content=text),))
    return Call(model=NamedModel("m", chat), request=request, purpose="search")


def told(engine: Engine, *calls: Call) -> list[str]:
    """Return what each call comes to, within seconds."""
    came = []
    for future in engine.start_all(calls):
        try:
            came.append(future.result(5).completion.text)
        except ModelError as error:
            came.append(str(error))
    return came


def test_a_wake_up_that_gets_lost_costs_a_beat() -> None:
    def deafen(loop: Any) -> None:
        # As a forked child does that closes its copy of the loop: both share one epoll.
        loop.remove_reader(loop._ssock)

    model = Saboteur(deafen, answers=True)
    with engine() as one:
        assert told(one, call(model, "a")) == ["a"]
        assert told(one, call(model, "b"), call(model, "c")) == ["b", "c"]


def test_a_loop_that_a_model_stops_goes_on() -> None:
    model = Saboteur(lambda loop: loop.stop(), answers=True)
    with engine() as one:
        assert told(one, call(model, "a"), call(model, "b")) == ["a", "b"]
        assert told(one, call(model, "c")) == ["c"]


def test_a_loop_that_is_ended_by_an_exit_says_so() -> None:
    model = Saboteur(lambda loop: loop.call_soon(sys.exit, "bye"), answers=False)
    with engine() as one:
        said = told(one, call(model, "a"), call(model, "b"))

    assert (
        said
        == [
            "the engine's event loop was ended by SystemExit: bye before model 'm' "
            f"replied\n  hint: {LOST}"
        ]
        * 2
    )


def test_a_loop_that_is_held_up_longer_than_any_call_may_take_is_given_up() -> None:
    held = threading.Event()
    model = Saboteur(lambda _: held.wait(10), answers=True)
    with engine(concurrency=1, policy={"deadline_s": 3 * BEAT_S}) as one:
        (said, _) = told(one, call(model, "a"), call(model, "b"))
        held.set()

    problem, _, hint = said.partition("\n")
    assert problem.startswith("the engine's event loop was held up at ")
    assert problem.endswith(" before model 'm' replied")
    assert hint == (
        "  hint: make the model's complete() an ordinary function, or have it await "
        "what takes long"
    )


def test_a_model_that_cancels_every_task_ends_those_that_had_not_begun() -> None:
    def cancel_all(_: object) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    model = Saboteur(cancel_all, answers=True)
    with engine(concurrency=3) as one:
        said = told(one, *(call(model, text) for text in "abcdef"))
        after = told(one, *(call(model, text) for text in "ghi"))

    cancelled = (
        "model 'm' cancelled its own request\n  hint: correct the model's complete()"
    )
    assert said[0] == "a"
    assert set(said[1:]) <= {cancelled, *"bcdef"}
    assert after == ["g", "h", "i"]


@pytest.mark.parametrize("failing", range(1, 9))
def test_a_fault_of_the_engines_own_is_told_wherever_it_strikes(failing: int) -> None:
    looks = 0

    def clock() -> float:
        nonlocal looks
        looks += 1
        if looks == failing:
            raise ZeroDivisionError("no time")
        return time.monotonic()

    model = Saboteur(lambda _: None, answers=True)
    with engine(concurrency=2, clock=clock) as one:
        said = told(one, *(call(model, text) for text in "abc"))
        after = told(one, *(call(model, text) for text in "def"))

    fault = (
        "the engine failed (ZeroDivisionError: no time) before model 'm' replied\n"
        f"  hint: {LOST}"
    )
    assert set(said) <= {*"abc", fault}
    assert after == ["d", "e", "f"]
