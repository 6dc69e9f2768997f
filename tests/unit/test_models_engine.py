"""The engine: every call once, few at a time, nothing lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import BudgetExhausted, ModelError, SettingError
from pytest_promptopt.models.budget import Budget
from pytest_promptopt.models.cache import Cache
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine, Reply, RetryPolicy
from pytest_promptopt.records import Completion, Message, Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

QUICK = RetryPolicy(first_wait_s=0.001, longest_wait_s=0.002)


def asking(text: str, seed: int | None = None, **model_settings: Any) -> Request:
    messages = (Message(role="user", content=text),)
    return Request(messages=messages, settings=model_settings, seed=seed)


class Echo:
    """Answers at once with what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        return Completion(text=request.messages[0].content)


class Scripted(Echo):
    """Raises or returns what a list says, request by request."""

    def __init__(self, *script: Any) -> None:
        super().__init__()
        self.script = list(script)

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        entry = self.script.pop(0)
        if isinstance(entry, BaseException):
            raise entry
        return entry  # type: ignore[no-any-return]


class Crowd:
    """Counts how many requests are with it at once."""

    def __init__(self, size: int) -> None:
        self.now = self.most = 0
        self.size = size
        self.full = asyncio.Event()

    async def complete(self, request: Request) -> Completion:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == self.size:
            self.full.set()
        await self.full.wait()
        await asyncio.sleep(0)
        self.now -= 1
        return Completion(text=request.messages[0].content)


class Blocking:
    """An ordinary function that waits until it is let go."""

    def __init__(self, size: int) -> None:
        self.threads: set[int] = set()
        self.barrier = threading.Barrier(size)

    def complete(self, request: Request) -> Completion:
        self.threads.add(threading.get_ident())
        self.barrier.wait(10)
        return Completion(text=request.messages[0].content)


class Silent:
    """Never answers."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    async def complete(self, request: Request) -> Completion:
        self.asked.set()
        await asyncio.Event().wait()
        return Completion(text="too late")


def call(chat: Any, text: str = "hello", **changes: Any) -> Call:
    seed = changes.pop("seed", None)
    name = changes.pop("name", "house:model")
    model = NamedModel(name, chat)
    return Call(
        model=model, request=asking(text, seed), **{"purpose": "search", **changes}
    )


def texts(futures: list[Future[Reply]]) -> list[str]:
    return [future.result(10).completion.text for future in futures]


def refused(future: Future[Reply]) -> BaseException:
    error = future.exception(10)
    assert error is not None
    return error


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(4, retries=QUICK) as engine:
        yield engine


def passing(retry_after_s: float | None = None) -> ModelError:
    error = ModelError("model 'm': overloaded", "run it again later", retryable=True)
    error.retry_after_s = retry_after_s
    return error


# ------------------------------------------------------------------ one call


def test_an_async_model_is_asked_on_the_loop(engine: Engine) -> None:
    reply = engine.start(call(Echo(), "hi")).result(10)

    assert (reply.completion.text, reply.cached) == ("hi", False)


def test_an_ordinary_function_may_be_a_model(engine: Engine) -> None:
    class Plain:
        def complete(self, request: Request) -> Completion:
            return Completion(text=threading.current_thread().name)

    reply = engine.start(call(Plain())).result(10)

    assert reply.completion.text.startswith("promptopt-model-")


def test_an_ordinary_function_may_return_an_awaitable(engine: Engine) -> None:
    class Wrapped:
        def complete(self, request: Request) -> Any:
            return Echo().complete(request)

    assert texts([engine.start(call(Wrapped(), "hi"))]) == ["hi"]


def test_a_reply_carries_how_long_it_took_unless_the_model_says_so(
    engine: Engine,
) -> None:
    own = engine.start(call(Scripted(Completion(text="a", latency_s=3.5)))).result(10)
    taken = engine.start(call(Echo())).result(10)

    assert own.completion.latency_s == 3.5
    assert 0 < taken.completion.latency_s < 3


def test_replies_stand_in_the_order_of_the_calls_whatever_comes_first() -> None:
    class Backwards:
        async def complete(self, request: Request) -> Completion:
            number = int(request.messages[0].content)
            await asyncio.sleep((20 - number) / 1000)
            return Completion(text=request.messages[0].content)

    model = Backwards()
    with Engine(20) as engine:
        futures = engine.start_all([call(model, str(n)) for n in range(20)])

        assert texts(futures) == [str(n) for n in range(20)]


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(12)), st.integers(1, 12))
def test_replies_do_not_depend_on_completion_order_or_concurrency(
    order: list[int], concurrency: int
) -> None:
    class Shuffled:
        async def complete(self, request: Request) -> Completion:
            number = int(request.messages[0].content)
            for _ in range(order[number]):
                await asyncio.sleep(0)
            return Completion(text=f"{number}!", latency_s=1.0)

    model = Shuffled()
    with Engine(concurrency) as engine:
        replies = [
            future.result(10)
            for future in engine.start_all([call(model, str(n)) for n in range(12)])
        ]

    assert replies == [
        Reply(Completion(text=f"{n}!", latency_s=1.0), cached=False) for n in range(12)
    ]


# --------------------------------------------------------------- concurrency


def test_exactly_as_many_requests_as_allowed_are_in_flight() -> None:
    crowd = Crowd(7)
    with Engine(7) as engine:
        futures = engine.start_all([call(crowd, str(n)) for n in range(50)])

        assert texts(futures) == [str(n) for n in range(50)]
    assert crowd.most == 7


def test_ordinary_functions_get_as_many_threads_as_requests_in_flight() -> None:
    model = Blocking(5)
    with Engine(5) as engine:
        texts(engine.start_all([call(model, str(n)) for n in range(20)]))

    assert len(model.threads) == 5


def test_a_model_that_never_waits_does_not_hold_up_the_others(engine: Engine) -> None:
    first_of_many: list[str] = []

    class Greedy:
        async def complete(self, request: Request) -> Completion:
            first_of_many.append("greedy")
            return Completion(text="")

    class Modest:
        async def complete(self, request: Request) -> Completion:
            await asyncio.sleep(0)
            first_of_many.append("modest")
            return Completion(text="")

    greedy, modest = Greedy(), Modest()
    engine_calls = [call(modest), *(call(greedy, str(n)) for n in range(500))]
    texts(engine.start_all(engine_calls))

    assert first_of_many.index("modest") < 50


def test_many_threads_may_start_calls(engine: Engine) -> None:
    model = Echo()
    said: dict[int, list[str]] = {}

    def work(thread: int) -> None:
        calls = [call(model, f"{thread}-{n}") for n in range(50)]
        said[thread] = texts([engine.start(one) for one in calls])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert said == {n: [f"{n}-{m}" for m in range(50)] for n in range(6)}


def test_a_call_that_arrives_as_the_last_worker_leaves_is_not_forgotten() -> None:
    model = Echo()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # makes the threads meet in every possible way

    try:
        with Engine(1) as engine, ThreadPoolExecutor(3) as pool:

            def work(thread: int) -> list[str]:
                calls = (call(model, f"{thread}-{n}") for n in range(300))
                return [text for one in calls for text in texts([engine.start(one)])]

            said = list(pool.map(work, range(3)))
    finally:
        sys.setswitchinterval(interval)

    assert said == [[f"{thread}-{n}" for n in range(300)] for thread in range(3)]


# -------------------------------------------------------- cache and equal calls


def test_equal_calls_in_flight_are_one_request(engine: Engine) -> None:
    model = Echo()

    replies = [
        future.result(10)
        for future in engine.start_all([call(model, "same") for _ in range(5)])
    ]

    assert len(model.requests) == 1
    assert [reply.cached for reply in replies] == [False, True, True, True, True]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "other"},
        {"seed": 1},
        {"purpose": "holdout"},
        {"run": "r2"},
        {"name": "house:other"},
    ],
)
def test_calls_that_differ_are_asked_each(engine: Engine, change: Any) -> None:
    model = Echo()

    texts(engine.start_all([call(model, seed=0), call(model, **{"seed": 0, **change})]))

    assert len(model.requests) == 2


def test_settings_and_endpoint_are_part_of_the_key() -> None:
    class Somewhere(Echo):
        identity = "http://other.example"

    plain = call(Echo())
    warm = replace(plain, request=asking("hello", temperature=1))
    elsewhere = call(Somewhere())

    assert len({plain.key, warm.key, elsewhere.key}) == 3


def test_the_key_is_the_same_in_every_process() -> None:
    assert call(Echo(), seed=2, run="r").key == (
        "82c4974ef96b98f2af18432ab1994e25af94af3741a4eadcd97166c5e1d8d5ef"
    )


def test_a_cached_reply_needs_no_model(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c" / "replies.sqlite")
    with Engine(cache=cache) as first:
        before = first.start(call(Echo(), "hi")).result(10)

    with Engine(cache=cache) as second:
        after = second.start(call(object(), "hi")).result(10)

    assert (before.cached, after.cached) == (False, True)
    assert after.completion == before.completion


def test_a_reply_is_in_the_cache_before_it_is_handed_out(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c" / "replies.sqlite")
    found: list[bool] = []
    model = Echo()
    calls = [call(model, str(n)) for n in range(50)]

    def note(key: str, _: Future[Reply]) -> None:
        found.append(cache.get(key) is not None)

    with Engine(cache=cache) as engine:
        for one, future in zip(calls, engine.start_all(calls), strict=True):
            future.add_done_callback(partial(note, one.key))
            future.result(10)

    assert found == [True] * 50


def test_a_failed_call_is_not_cached() -> None:
    cache = Cache.in_memory()
    model = Scripted(ModelError("model 'm': no", "stop"), Completion(text="yes"))

    with Engine(cache=cache) as engine:
        refused(engine.start(call(model)))
        reply = engine.start(call(model)).result(10)

    assert (reply.completion.text, reply.cached) == ("yes", False)


def test_a_broken_cache_does_not_stop_a_run(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_bytes(b"broken" * 1000)
    cache = Cache(path)

    with Engine(cache=cache) as engine:
        assert texts([engine.start(call(Echo(), "hi"))]) == ["hi"]

    assert engine.notes == cache.notes
    assert len(engine.notes) == 1


# ---------------------------------------------------------------------- budget


def test_each_request_is_taken_from_the_budget_and_no_cached_reply(
    engine: Engine,
) -> None:
    budget = Budget(10)
    model = Echo()

    texts(engine.start_all([call(model, str(n % 3), budget=budget) for n in range(9)]))

    assert budget.spent == 3


def test_a_spent_budget_stops_exactly_there(engine: Engine) -> None:
    budget = Budget(20)
    model = Echo()

    futures = engine.start_all([call(model, str(n), budget=budget) for n in range(100)])
    errors = [future.exception(10) for future in futures]

    assert len(model.requests) == budget.spent == 20
    assert [type(error) for error in errors if error] == [BudgetExhausted] * 80


def test_every_attempt_is_taken_from_the_budget(engine: Engine) -> None:
    budget = Budget(3)
    model = Scripted(*[passing() for _ in range(5)])

    error = refused(engine.start(call(model, budget=budget)))

    assert isinstance(error, BudgetExhausted)
    assert isinstance(error.__cause__, ModelError)
    assert len(model.requests) == budget.spent == 3


def test_an_equal_call_with_a_budget_of_its_own_outlives_a_spent_one(
    engine: Engine,
) -> None:
    model = Echo()
    poor, rich = Budget(0), Budget(1)

    first, second, third = engine.start_all(
        [call(model, budget=poor), call(model, budget=rich), call(model, budget=poor)]
    )

    assert isinstance(refused(first), BudgetExhausted)
    assert second.result(10) == replace(second.result(10), cached=False)
    assert isinstance(refused(third), BudgetExhausted)
    assert rich.spent == 1


# --------------------------------------------------------------------- retries


def test_a_passing_failure_is_tried_again_with_the_same_request(
    engine: Engine,
) -> None:
    model = Scripted(passing(), passing(0.001), passing(), Completion(text="at last"))

    assert texts([engine.start(call(model))]) == ["at last"]
    assert model.requests == [asking("hello")] * 4
    assert len({id(request) for request in model.requests}) == 1


def test_patience_ends_after_the_set_number_of_retries() -> None:
    model = Scripted(*[passing() for _ in range(9)])

    with Engine(retries=replace(QUICK, retries=2)) as engine:
        error = refused(engine.start(call(model)))

    assert str(error) == "model 'm': overloaded\n  hint: run it again later"
    assert len(model.requests) == 3


def test_a_lasting_failure_is_not_tried_again(engine: Engine) -> None:
    model = Scripted(ModelError("model 'm': wrong key", "set it"))

    error = refused(engine.start(call(model)))

    assert str(error) == "model 'm': wrong key\n  hint: set it"
    assert len(model.requests) == 1


def test_a_pause_asked_of_one_request_holds_back_the_others() -> None:
    times: list[float] = []

    class Strict:
        async def complete(self, request: Request) -> Completion:
            times.append(time.monotonic())
            if len(times) == 1:
                raise passing(0.2)
            return Completion(text="")

    model = Strict()
    with Engine(1, retries=QUICK) as engine:
        texts(engine.start_all([call(model, str(n)) for n in range(5)]))

    assert min(times[1:]) - times[0] >= 0.2
    assert len(times) == 6


def test_half_of_all_attempts_failing_loses_nothing() -> None:
    class Flaky:
        def __init__(self) -> None:
            self.seen: set[str] = set()

        async def complete(self, request: Request) -> Completion:
            text = request.messages[0].content
            if text not in self.seen:
                self.seen.add(text)
                raise passing()
            return Completion(text=text)

    model = Flaky()
    with Engine(retries=QUICK) as engine:
        futures = engine.start_all([call(model, str(n)) for n in range(60)])

        assert texts(futures) == [str(n) for n in range(60)]


# --------------------------------------------------------------- broken models


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (TypeError("no\nargument"), "raised TypeError: no argument"),
        (ValueError(), "raised ValueError:"),
        (asyncio.CancelledError(), "cancelled its own request"),
        (StopIteration(), "raised RuntimeError: coroutine raised StopIteration"),
        ("text", "returned 'text' instead of a Completion"),
        (None, "returned None instead of a Completion"),
        (Completion(text=None), "returned a Completion whose text is None"),  # type: ignore[arg-type]
        (
            Completion(text="", tool_calls=({"name": {1}},)),
            "returned a Completion that is not JSON: Object of type set is not JSON "
            "serializable",
        ),
        (
            Completion(text="", tool_calls=({"name": float("nan")},)),
            "returned a Completion that is not JSON: Out of range float values are "
            "not JSON compliant",
        ),
    ],
)
def test_whatever_a_model_does_wrong_is_an_error_of_the_model(
    engine: Engine, outcome: Any, message: str
) -> None:
    error = refused(engine.start(call(Scripted(outcome))))

    assert isinstance(error, ModelError)
    assert error.problem.startswith(f"model 'house:model' {message}")
    assert error.hint == "correct the model's complete()"
    assert not error.retryable
    if isinstance(outcome, (TypeError, ValueError)):
        assert error.__cause__ is outcome
    assert texts([engine.start(call(Echo(), "goes on"))]) == ["goes on"]


def test_a_model_that_cancels_its_task_takes_no_other_call_with_it() -> None:
    class Quitting:
        async def complete(self, request: Request) -> Completion:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            return Completion(text="bye")

    with Engine(1) as engine:
        first = engine.start(call(Quitting()))
        second = engine.start(call(Echo(), "goes on"))

        assert texts([first, second]) == ["bye", "goes on"]


def test_an_exception_of_an_ordinary_function_is_an_error_of_the_model(
    engine: Engine,
) -> None:
    class Plain:
        def complete(self, request: Request) -> Completion:
            raise LookupError("no such deployment")

    error = refused(engine.start(call(Plain())))

    assert isinstance(error, ModelError)
    assert error.problem == "model 'house:model' raised LookupError: no such deployment"


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("ordinary", [True, False])
def test_an_interrupt_in_a_model_reaches_who_waits_and_not_the_loop(
    engine: Engine, ending: BaseException, *, ordinary: bool
) -> None:
    class Plain:
        def complete(self, request: Request) -> Completion:
            raise ending

    model = Plain() if ordinary else Scripted(ending)

    assert refused(engine.start(call(model))) is ending
    assert texts([engine.start(call(Echo(), "goes on"))]) == ["goes on"]


def test_a_setting_that_is_not_json_is_refused_before_anything_is_sent(
    engine: Engine,
) -> None:
    one = replace(call(Echo()), request=asking("hello", stop={"a"}))

    error = refused(engine.start(one))

    assert isinstance(error, SettingError)
    assert str(error) == (
        "model settings {'stop': {'a'}} cannot be sent as JSON: Object of type set "
        "is not JSON serializable\n"
        "  hint: use text, finite numbers, booleans, lists and tables only"
    )


def test_at_least_one_request_must_be_allowed() -> None:
    with pytest.raises(SettingError, match="0 requests in flight get no reply"):
        Engine(0)


# --------------------------------------------------------- cancelling, closing


def test_a_call_that_is_cancelled_before_it_is_sent_costs_nothing() -> None:
    model, busy = Echo(), Silent()
    budget = Budget(5)
    with Engine(1) as engine:
        engine.start(call(busy))
        busy.asked.wait(10)
        waiting = engine.start_all([call(model, str(n), budget=budget) for n in "abc"])

        assert all(future.cancel() for future in waiting)

    assert model.requests == []
    assert budget.spent == 0


def test_a_request_that_somebody_still_waits_for_is_sent() -> None:
    model = Blocking(1)
    model.barrier = threading.Barrier(2)
    echo = Echo()
    with Engine(1) as engine:
        held = engine.start(call(model, "held"))
        first, second = engine.start_all([call(echo), call(echo)])
        assert first.cancel()
        model.barrier.wait(10)

        assert second.result(10).cached is False
        assert held.result(10).completion.text == "held"
    assert len(echo.requests) == 1


def test_nothing_is_started_before_the_first_call() -> None:
    before = threading.active_count()

    engine = Engine()
    assert engine.start_all([]) == []

    assert threading.active_count() == before
    engine.close()


def test_closing_ends_the_threads_and_may_be_repeated() -> None:
    before = set(threading.enumerate())
    engine = Engine()
    texts([engine.start(call(Echo(), "hi"))])

    engine.close()
    engine.close()

    assert set(threading.enumerate()) <= before
    assert engine.notes == ()


def test_what_has_no_reply_when_the_engine_is_closed_fails() -> None:
    model = Silent()
    engine = Engine(2)
    futures = engine.start_all([call(model, n) for n in "abcd"])
    model.asked.wait(10)

    engine.close()
    futures.append(engine.start(call(model)))

    assert {str(future.exception(0)) for future in futures} == {
        "the run ended before model 'house:model' replied\n"
        "  hint: run it again: replies that came are in the cache"
    }


def test_closing_does_not_wait_for_an_ordinary_function_that_hangs() -> None:
    released = threading.Event()

    class Hanging:
        def __init__(self) -> None:
            self.asked = threading.Event()

        def complete(self, request: Request) -> Completion:
            self.asked.set()
            released.wait(30)
            return Completion(text="too late")

    model = Hanging()
    engine = Engine(2)
    future = engine.start(call(model))
    model.asked.wait(10)

    engine.close()

    assert isinstance(future.exception(0), ModelError)
    released.set()


def test_closing_keeps_every_finished_reply(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c" / "replies.sqlite")
    model, silent = Echo(), Silent()
    engine = Engine(8, cache)
    calls = [call(model, str(n)) for n in range(500)]
    engine.start(call(silent))
    futures = engine.start_all(calls)
    futures[100].result(10)

    engine.close()

    done = [
        one.key
        for one, future in zip(calls, futures, strict=True)
        if future.exception(10) is None
    ]
    found = cache.get_many(done)
    cache.close()
    assert len(done) >= 101
    assert len(found) == len(done)


def test_models_are_closed_on_the_loop_and_one_that_fails_to_is_no_matter() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    class Connected(Echo):
        async def complete(self, request: Request) -> Completion:
            loops.append(asyncio.get_running_loop())
            return await super().complete(request)

        async def aclose(self) -> None:
            loops.append(asyncio.get_running_loop())

    class Stubborn(Echo):
        async def aclose(self) -> None:
            raise OSError("no")

    connected = Connected()
    with Engine() as engine:
        texts([engine.start(call(model, "hi")) for model in (Stubborn(), connected)])
        texts([engine.start(call(connected, "hi", run="2"))])

    assert len(loops) in {2, 3}
    assert len(set(loops)) == 1


KILLED = """
import asyncio, sys, zlib
from pathlib import Path
from pytest_promptopt.models.cache import Cache
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine
from pytest_promptopt.records import Completion, Message, Request

class Model:
    async def complete(self, request):
        text = request.messages[0].content
        await asyncio.sleep(zlib.crc32(text.encode()) % 5 / 1000)
        return Completion(text=text)

model = NamedModel("house:model", Model())
calls = [
    Call(
        model=model,
        request=Request(messages=(Message(role="user", content=str(n)),)),
        purpose="search",
    )
    for n in range(20_000)
]
engine = Engine(32, Cache(sys.argv[1]))
for call, future in zip(calls, engine.start_all(calls)):
    future.result()
    print(call.key, flush=True)
"""


def test_kill_9_loses_no_reply_that_was_handed_out(tmp_path: Path) -> None:
    path = tmp_path / "c" / "replies.sqlite"
    victim = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    handed_out = [victim.stdout.readline().strip() for _ in range(300)]

    victim.kill()
    handed_out += [line.strip() for line in victim.stdout if line.endswith("\n")]
    victim.wait()
    victim.stdout.close()

    cache = Cache(path)
    found = cache.get_many(handed_out)
    cache.close()
    assert len(found) == len(handed_out) >= 300
    assert cache.notes == ()


NEVER_CLOSED: list[tuple[str, str]] = [
    ("async", "await asyncio.sleep(60)"),
    ("", "time.sleep(60)"),
]


@pytest.mark.parametrize(("prefix", "wait"), NEVER_CLOSED)
def test_a_process_that_forgets_to_close_still_ends(prefix: str, wait: str) -> None:
    script = f"""
import asyncio, time
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine
from pytest_promptopt.records import Completion, Request

class Model:
    {prefix} def complete(self, request):
        {wait}

engine = Engine()
model = NamedModel("m", Model())
engine.start(Call(model=model, request=Request(messages=()), purpose="search"))
time.sleep(0.1)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=False,
        text=True,
        timeout=20,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


FORKED = """
import os
from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine
from pytest_promptopt.records import Completion, Request

class Model:
    async def complete(self, request):
        return Completion(text="hi")

def ask(engine, run):
    model = NamedModel("m", Model())
    call = Call(model=model, request=Request(messages=()), purpose="search", run=run)
    return engine.start(call).result(10).completion.text

engine = Engine()
ask(engine, "1")
child = os.fork()
if child == 0:
    try:
        refusal = ask(engine, "2")
    except ModelError as error:
        refusal = error.hint
    engine.close()
    own = Engine()
    said = refusal, ask(own, "2")
    own.close()
    expected = "ask it in the process of pytest, or in a thread of it", "hi"
    os._exit(0 if said == expected else 1)
status = os.waitpid(child, 0)[1]
print(status, ask(engine, "3"))
engine.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_forked_child_builds_its_own_engine_and_leaves_the_parents_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED],
        capture_output=True,
        check=False,
        text=True,
        timeout=20,
    )

    assert (done.stdout, done.stderr) == ("0 hi\n", "")


def test_a_reply_of_a_running_loop_can_be_awaited(engine: Engine) -> None:
    async def body() -> str:
        reply = await asyncio.wrap_future(engine.start(call(Echo(), "hi")))
        return reply.completion.text

    assert asyncio.run(body()) == "hi"
