"""Deadlines, outages and closed doors, through the engine (F2, F4, F5, F6)."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from loopback import GOOD, Answer, serving

from pytest_promptopt.errors import ModelError, ProviderOutage
from pytest_promptopt.models.budget import Budget
from pytest_promptopt.models.cache import Cache
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine, Reply, RetryPolicy
from pytest_promptopt.models.openai_model import OpenAIModel
from pytest_promptopt.models.providers import Provider
from pytest_promptopt.records import Completion, Message, Request

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

QUICK = RetryPolicy(first_wait_s=0.001, longest_wait_s=0.002)


def call(chat: Any, text: str = "hello", **changes: Any) -> Call:
    messages = (Message(role="user", content=text),)
    request = Request(messages=messages, settings=changes.pop("settings", {}))
    model = NamedModel(changes.pop("name", "house:m"), chat)
    return Call(model=model, request=request, purpose="gate", **changes)


def refused(future: Future[Reply]) -> BaseException:
    error = future.exception(10)
    assert error is not None
    return error


def failing(status: int | None, *, retryable: bool) -> ModelError:
    error = ModelError(f"it said {status}", "mend it", retryable=retryable)
    error.status = status
    return error


class House:
    """Answers, hangs or fails by what it is asked, and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.fails: ModelError | None = None

    async def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        text = request.messages[0].content
        if text == "hang":
            await asyncio.Event().wait()
        if self.fails is not None and text != "well":
            raise self.fails
        return Completion(text=text)


class Slow:
    """An ordinary function that hangs until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def complete(self, request: Request) -> Completion:
        if request.messages[0].content == "hang":
            self.go.wait(10)
        return Completion(text="done")


@pytest.mark.parametrize("model", [House(), Slow()], ids=["async", "ordinary"])
def test_a_call_ends_at_its_deadline_and_the_next_one_is_sent(
    model: House | Slow,
) -> None:
    with Engine(1, retries=replace(QUICK, deadline_s=0.05)) as engine:
        late, following = engine.start_all([call(model, "hang"), call(model, "next")])

        assert str(refused(late)) == (
            "model 'house:m': no reply within its deadline, all tries included\n"
            "  hint: raise deadline_s of its provider, or see what holds the replies up"
        )
        assert following.result(10).completion.text in ("next", "done")
    if isinstance(model, Slow):
        model.go.set()


def test_a_provider_says_its_own_deadline() -> None:
    model = OpenAIModel("m", Provider(name="house", base_url="http://h/v1"))

    assert NamedModel("house:m", model).deadline_s == 600.0


def test_an_outage_ends_what_is_in_flight_and_what_comes_after(tmp_path: Path) -> None:
    model = House()
    cache = Cache(tmp_path / "replies.sqlite")
    with Engine(8, cache, retries=replace(QUICK, outage_s=0.2)) as engine:
        kept = engine.start(call(model, "well")).result(10)
        hanging = [engine.start(call(model, "hang", run=str(n))) for n in range(2)]
        model.fails = failing(503, retryable=True)
        others = engine.start_all([call(model, str(n)) for n in range(20)])

        errors = [refused(future) for future in [*hanging, *others]]
        sent = len(model.asked)

        assert all(isinstance(error, ProviderOutage) for error in errors)
        assert len({str(error) for error in errors}) == 1
        assert "and the 1 reply that came before is kept\n" in str(errors[0])
        assert isinstance(refused(engine.start(call(model, "new"))), ProviderOutage)
        assert len(model.asked) == sent
        again = engine.start(call(model, "well")).result(10)
        assert again.completion == kept.completion
        assert again.cached


def test_a_model_of_ones_own_may_say_that_it_is_away() -> None:
    model = House()
    model.fails = ProviderOutage("the gateway is being mended", "come back at noon")
    with Engine(2, retries=QUICK) as engine:
        errors = [
            str(refused(future))
            for future in engine.start_all([call(model, str(n)) for n in range(50)])
        ]

    assert set(errors) == {"the gateway is being mended\n  hint: come back at noon"}
    assert len(model.asked) <= 2


def test_settings_that_an_endpoint_refuses_are_not_sent_again_and_again() -> None:
    model = House()
    model.fails = failing(400, retryable=False)
    hot: dict[str, Any] = {"temperature": 9}
    with Engine(2, retries=QUICK) as engine:
        calls = [call(model, str(n), settings=hot) for n in range(100)]
        errors = [str(refused(future)) for future in engine.start_all(calls)]
        model.fails = None

        assert set(errors) == {"it said 400\n  hint: mend it"}
        assert 10 <= len(model.asked) <= 12
        fine = engine.start(call(model, "hello")).result(10)
        assert fine.completion.text == "hello"


def test_a_model_that_is_away_holds_up_no_other() -> None:
    away, well = House(), House()
    away.fails = failing(429, retryable=True)
    away.fails.retry_after_s = 100.0
    with Engine(2, retries=QUICK) as engine:
        waiting = engine.start_all([call(away, str(n), name="a:m") for n in range(20)])
        replies = engine.start_all([call(well, str(n), name="b:m") for n in range(20)])

        texts = [reply.result(10).completion.text for reply in replies]

        assert texts == [str(n) for n in range(20)]
        assert not any(future.done() for future in waiting)
        assert len(away.asked) <= 2


class OfAnAccount(House):
    account = "house"
    requests_per_minute = 3


def test_models_of_one_account_share_its_limits() -> None:
    one, other = OfAnAccount(), OfAnAccount()
    with Engine(8, retries=QUICK) as engine:
        calls = [call(one, str(n), name="house:a") for n in range(2)]
        calls += [call(other, str(n), name="house:b") for n in range(2)]
        *replies, last = engine.start_all(calls)

        assert [reply.result(10).completion.text for reply in replies] == list("010")
        assert not last.done()
        assert last.cancel()  # it was never sent


def test_a_reply_that_comes_too_late_is_not_used_and_both_requests_are_paid() -> None:
    late = threading.Event()
    with serving() as server:
        server.says(
            Answer(body={**GOOD, "model": "late"}, wait_for=late), Answer(body=GOOD)
        )
        provider = Provider(name="house", base_url=server.url, timeout_s=0.1)
        model, budget = OpenAIModel("m", provider), Budget(5)
        with Engine(2, retries=QUICK) as engine:
            reply = engine.start(call(model, budget=budget)).result(10)
            late.set()

        assert reply.completion.model == GOOD["model"]
        assert budget.spent == 2
        assert engine.repeated == 1
        assert len(set(server.bodies)) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 529])
def test_a_burst_of_faults_is_one_reply_for_each_call(status: int) -> None:
    with serving() as server:
        fault = Answer(status=status, body={"error": {"message": "busy"}})
        server.says(*[fault] * 6, Answer(body=GOOD))
        model = OpenAIModel("m", Provider(name="house", base_url=server.url))
        with Engine(3, retries=QUICK) as engine:
            futures = engine.start_all([call(model, str(n)) for n in range(5)])
            replies = [future.result(10) for future in futures]

    assert [reply.cached for reply in replies] == [False] * 5
    assert engine.repeated == 6
    assert len(server.bodies) == 11
    assert len(set(server.bodies)) == 5


def test_a_key_that_is_refused_ends_the_run_after_ten_requests() -> None:
    with serving() as server:
        server.says(Answer(status=401, body={"error": {"message": "wrong key"}}))
        model = OpenAIModel("m", Provider(name="house", base_url=server.url))
        with Engine(4, retries=QUICK) as engine:
            futures = engine.start_all([call(model, str(n)) for n in range(60)])
            errors = [refused(future) for future in futures]

    assert len({str(error) for error in errors}) == 1
    assert "answered with status 401: wrong key" in str(errors[0])
    assert len(server.bodies) <= 13
