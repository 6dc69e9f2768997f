"""What the cache knows is answered at once, without a thread and without asyncio."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from pytest_promptopt.models.cache import Cache
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine, Reply
from pytest_promptopt.records import Completion, Message, Request
from pytest_promptopt.testing import ScriptedModel

if TYPE_CHECKING:
    from pathlib import Path


def call(model: ScriptedModel, text: str, **settings: object) -> Call:
    request = Request(messages=(Message(role="user", content=text),), settings=settings)
    return Call(model=NamedModel("house:m", model), request=request, purpose="search")


def test_known_replies_stand_among_the_futures_in_the_order_of_the_calls(
    tmp_path: Path,
) -> None:
    model = ScriptedModel({}, default="fresh")
    calls = [call(model, name) for name in "abcd"]
    cache = Cache(tmp_path / "c" / "cache.sqlite")
    for known in (calls[1], calls[3]):
        cache.put(known.key, Completion(text="known"))

    with Engine(cache=cache) as engine:
        answers = engine.ask_all([*calls, call(model, "e", oops={1})])
        kinds = [type(answer) for answer in answers]
        told = [
            answer if isinstance(answer, Reply) else answer.result(10)
            for answer in answers[:4]
        ]

    assert kinds == [Future, Reply, Future, Reply, Future]
    assert [reply.completion.text for reply in told] == [
        "fresh",
        "known",
        "fresh",
        "known",
    ]
    assert [reply.cached for reply in told] == [False, True, False, True]
    assert isinstance(answers[4], Future)
    assert "cannot be sent as JSON" in str(answers[4].exception(10))


def test_a_run_that_is_answered_from_the_cache_starts_no_thread(tmp_path: Path) -> None:
    model = ScriptedModel({}, default="fresh")
    calls = [call(model, str(number)) for number in range(5)]
    cache = Cache(tmp_path / "c" / "cache.sqlite")
    for each in calls:
        cache.put(each.key, Completion(text="known"))
    before = threading.active_count()

    with Engine(cache=cache) as engine:
        futures = engine.start_all(calls)
        during = threading.active_count()

    assert during == before
    assert [future.result(0).completion.text for future in futures] == ["known"] * 5
    assert engine.repeated == 0
    assert model.requests == []


def test_a_closed_engine_does_not_open_its_cache_again(tmp_path: Path) -> None:
    model = ScriptedModel({}, default="fresh")
    cache = Cache(tmp_path / "c" / "cache.sqlite")
    cache.put(call(model, "a").key, Completion(text="known"))
    engine = Engine(cache=cache)
    engine.close()

    (answer,) = engine.ask_all([call(model, "a")])

    assert isinstance(answer, Future)
    assert "the run ended before" in str(answer.exception(10))


def test_the_engine_is_there_without_asyncio() -> None:
    source = (
        "import sys\n"
        "import pytest_promptopt.models.cache\n"
        "from pytest_promptopt.models.engine import Engine\n"
        "Engine().close()\n"
        "print('asyncio' in sys.modules)\n"
    )

    said = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )

    assert said.stdout == "False\n"
