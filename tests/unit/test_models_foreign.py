"""Models of the project's own: their exceptions, their retries, their end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine, Reply, RetryPolicy
from pytest_promptopt.records import Completion, Message, Request

QUICK = RetryPolicy(retries=2, first_wait_s=0.001, longest_wait_s=0.002)
REQUEST = Request(messages=(Message(role="user", content="Hello"),))


class HouseError(Exception):
    """An exception of a client that knows nothing of us."""

    def __init__(self, text: str, **said: Any) -> None:
        super().__init__(text)
        self.__dict__.update(said)


class House:
    """A model that fails as it is told, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked = 0
        self.closed: list[str] = []

    def complete(self, request: Request) -> Completion:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return Completion(text="hello")


def ask(model: Any) -> Reply | BaseException:
    with Engine(2, retries=QUICK) as engine:
        call = Call(model=NamedModel("house:m", model), request=REQUEST, purpose="gate")
        future = engine.start(call)
        return future.exception(20) or future.result()


@pytest.mark.parametrize(
    "error",
    [
        HouseError("busy", retryable=True),
        HouseError("busy", retryable=True, retry_after_s=0.001),
        HouseError("busy", status_code=503),
        HouseError("busy", status_code=429),
        TimeoutError("read"),
        asyncio.TimeoutError(),
        ConnectionResetError("peer"),
        ModelError("busy", "wait", retryable=True),
    ],
    ids=repr,
)
def test_an_exception_that_may_pass_is_tried_again(error: Exception) -> None:
    model = House(error)

    reply = ask(model)

    assert isinstance(reply, Reply)
    assert model.asked == 2


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            HouseError("quota Bearer abc.def"),
            "model 'house:m' raised HouseError: quota Bearer ***\n"
            "  hint: correct the model's complete()",
        ),
        (
            HouseError("quota", retryable=False, status_code=429),
            "model 'house:m' raised HouseError: quota\n"
            "  hint: see what the model's client says about it",
        ),
        (
            HouseError("odd", retryable="yes", retry_after_s="soon"),
            "model 'house:m' raised HouseError: odd\n"
            "  hint: see what the model's client says about it",
        ),
        (
            ModelError("no such model", "ask for it"),
            "no such model\n  hint: ask for it",
        ),
    ],
)
def test_any_other_exception_is_an_error_at_once(error: Exception, told: str) -> None:
    model = House(error)

    failed = ask(model)

    assert isinstance(failed, ModelError)
    assert str(failed) == told
    assert not failed.retryable
    assert model.asked == 1


def test_what_goes_on_failing_says_that_it_may_pass() -> None:
    model = House(*(HouseError(f"busy {n}", retryable=True) for n in range(9)))

    failed = ask(model)

    assert isinstance(failed, ModelError)
    assert failed.retryable
    assert str(failed) == (
        "model 'house:m' raised HouseError: busy 2\n"
        "  hint: run it again later: replies that came are in the cache"
    )


def test_a_model_that_retries_itself_is_asked_once() -> None:
    model = House(HouseError("busy", retryable=True))
    model.retries_itself = True  # type: ignore[attr-defined]

    failed = ask(model)

    assert isinstance(failed, ModelError)
    assert failed.retryable
    assert model.asked == 1


# ------------------------------------------------------------------------- closing


class Closing(House):
    def close(self) -> None:
        self.closed.append(threading.current_thread().name)


class AsyncClosing(Closing):
    async def aclose(self) -> None:
        self.closed.append(f"aclose {threading.current_thread().name}")


def fails() -> None:
    raise OSError("already gone")


@pytest.mark.parametrize(
    ("kind", "closed"),
    [
        (House, []),
        (Closing, ["promptopt-model-1"]),
        (AsyncClosing, ["aclose promptopt-engine"]),
    ],
)
def test_a_model_is_closed_once_with_the_engine(
    kind: Callable[[], House], closed: list[str]
) -> None:
    model = kind()

    ask(model)

    assert model.closed == closed


def test_a_model_that_cannot_be_closed_ends_quietly() -> None:
    class Broken(House):
        def close(self) -> None:
            fails()

    assert isinstance(ask(Broken()), Reply)


def test_a_model_that_was_never_asked_is_not_closed() -> None:
    model = Closing()

    with Engine(1):
        NamedModel("house:m", model)

    assert model.closed == []
