"""The OpenAI client against a scripted server on loopback."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from loopback import GOOD, Answer, Server, serving

from pytest_promptopt.errors import ModelError, SettingError
from pytest_promptopt.models.cache import Cache
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine, Reply, RetryPolicy
from pytest_promptopt.models.openai_model import OpenAIModel
from pytest_promptopt.models.providers import Provider
from pytest_promptopt.records import Completion, Message, Request, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "sk-test-0123456789abcdef"
QUICK = RetryPolicy(first_wait_s=0.001, longest_wait_s=0.002)


@dataclass
class House:
    """A model with an engine that asks it."""

    engine: Engine
    model: OpenAIModel
    asked: int = 0

    def ask(self, one: Request) -> Reply | BaseException:
        self.asked += 1
        # A name of its own, so that no test meets the outage of another one.
        named = NamedModel(f"house {self.asked}", self.model)
        future = self.engine.start(Call(model=named, request=one, purpose="search"))
        return future.exception(20) or future.result()


@pytest.fixture(scope="module")
def running_server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running_server: Server) -> Server:
    running_server.renew()
    return running_server


@pytest.fixture(scope="module")
def house(running_server: Server) -> Iterator[House]:
    """One client for all tests that need nothing special: it takes long to build."""
    with Engine(8, retries=QUICK) as engine:
        yield House(engine, OpenAIModel("m", provider(running_server)))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("OPENAI_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOUSE_KEY", KEY)


def provider(server: Server, **changes: Any) -> Provider:
    return Provider(
        name="house", **{"base_url": server.url, "api_key_env": "HOUSE_KEY", **changes}
    )


def request(text: str = "Where is my parcel?", **changes: Any) -> Request:
    messages = (
        Message(role="system", content="Sort the ticket."),
        Message(role="user", content=text),
    )
    return Request(messages=messages, **changes)


def ask(
    where: Provider,
    *requests: Request,
    retries: RetryPolicy = QUICK,
    cache: Cache | None = None,
) -> list[Reply | BaseException]:
    """Ask one model some things at once; a reply or an error for each of them."""
    model = NamedModel(f"{where.name}:m", OpenAIModel("m", where))
    calls = [
        Call(model=model, request=one, purpose="search", run=str(number))
        for number, one in enumerate(requests or [request()])
    ]
    with Engine(8, cache, retries=retries) as engine:
        futures = engine.start_all(calls)
        return [future.exception(20) or future.result() for future in futures]


def completion(where: House | Provider, one: Request | None = None) -> Completion:
    reply = (
        where.ask(one or request())
        if isinstance(where, House)
        else ask(where, one or request())[0]
    )
    assert isinstance(reply, Reply), reply
    assert reply.completion.latency_s > 0
    return replace(reply.completion, latency_s=0.0)


def refusal(where: House | Provider, **changes: Any) -> ModelError:
    error = (
        where.ask(request()) if isinstance(where, House) else ask(where, **changes)[0]
    )
    assert isinstance(error, ModelError), error
    assert KEY not in repr(error)
    return error


# ------------------------------------------------------------------ what is sent


def test_nothing_is_sent_that_nobody_set(house: House, server: Server) -> None:
    completion(house)

    assert server.sent == [
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Sort the ticket."},
                {"role": "user", "content": "Where is my parcel?"},
            ],
        }
    ]
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_settings_are_sent_as_they_are_also_unknown_ones(
    house: House, server: Server
) -> None:
    settings = {
        "temperature": 0.0,
        "response_format": {"type": "json_object"},
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "top_k": 5,
        "stop": None,
    }

    completion(house, request(settings=settings))

    (sent,) = server.sent
    assert {key: sent[key] for key in settings} == settings
    assert set(sent) == {"model", "messages", *settings}


@pytest.mark.parametrize(
    ("seed", "send_seed", "settings", "sent"),
    [
        (2, True, {}, {"seed": 2}),
        (0, True, {}, {"seed": 0}),
        (None, True, {}, {}),
        (2, False, {}, {}),
        (2, True, {"seed": 99}, {"seed": 99}),
    ],
)
def test_the_trial_index_is_sent_as_seed_where_the_provider_takes_one(
    house: House,
    server: Server,
    seed: int | None,
    send_seed: bool,  # noqa: FBT001
    settings: dict[str, Any],
    sent: dict[str, Any],
) -> None:
    where = house if send_seed else provider(server, send_seed=False)

    completion(where, request(seed=seed, settings=settings))

    (body,) = server.sent
    assert {key: body[key] for key in body if key == "seed"} == sent


def test_any_text_can_be_sent(house: House, server: Server) -> None:
    completion(house, request("a\ud800b\x00c \U0001f600 \u2028"))

    (body,) = server.sent
    assert body["messages"][1]["content"] == "a\ufffdb\x00c \U0001f600 \u2028"


def test_a_server_without_keys_gets_none_and_nothing_meant_for_openai(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-openai-only")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-for-openai-only")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-for-openai-only")

    completion(provider(server, api_key_env=None))

    assert server.headers[0]["authorization"] == "Bearer no-key"
    assert "for-openai-only" not in repr(server.headers)


def test_openai_itself_is_reached_through_its_own_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-own")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-own")
    where = Provider(name="openai", api_key_env="OPENAI_API_KEY", key_required=True)

    assert completion(where).text == "billing"

    assert server.headers[0]["authorization"] == "Bearer sk-own"
    assert server.headers[0]["openai-organization"] == "org-own"


# ------------------------------------------------------------------ what is read


def message(**changes: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "billing", **changes}


def body(said: dict[str, Any], finish_reason: str | None = "stop") -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish_reason, "message": said}
    return {**GOOD, "choices": [choice]}


READ = Completion(
    text="billing",
    model="m-2026-01-01",
    usage=Usage(prompt_tokens=7, completion_tokens=2),
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(GOOD, READ, id="plain"),
        pytest.param(
            body(message(content="bil"), "length"),
            replace(READ, text="bil", finish_reason="length"),
            id="length",
        ),
        pytest.param(
            body(message(content=None), "content_filter"),
            replace(READ, text="", finish_reason="content_filter"),
            id="content filter",
        ),
        pytest.param(body(message(content="")), replace(READ, text=""), id="empty"),
        pytest.param(body(message(content=None)), replace(READ, text=""), id="null"),
        pytest.param(body({"role": "assistant"}), replace(READ, text=""), id="absent"),
        pytest.param(
            body(message(content=None, refusal="I will not.")),
            replace(READ, text="", refusal="I will not."),
            id="refusal",
        ),
        pytest.param(
            body(
                message(
                    content=None,
                    tool_calls=[
                        {
                            "id": "1",
                            "type": "function",
                            "function": {"name": "find", "arguments": '{"id": 7}'},
                        },
                        {"id": "2", "type": "custom"},
                        "nonsense",
                    ],
                ),
                "tool_calls",
            ),
            replace(
                READ,
                text="",
                finish_reason="tool_calls",
                tool_calls=({"id": "1", "name": "find", "arguments": '{"id": 7}'},),
            ),
            id="tool call",
        ),
        pytest.param(
            body(
                message(
                    content=[
                        {"type": "text", "text": "bil"},
                        {"type": "thinking"},
                        "li",
                        {"type": "text", "text": "ng"},
                    ]
                )
            ),
            READ,
            id="parts",
        ),
        pytest.param(
            body(message(content="a\ud83d \x00 \ud83d\ude00")),
            replace(READ, text="a\ufffd \x00 \U0001f600"),
            id="surrogates",
        ),
        pytest.param(body(message(), None), READ, id="no finish reason"),
        pytest.param(
            {"choices": [{"message": {"content": "billing"}}]},
            Completion(text="billing"),
            id="minimal",
        ),
        pytest.param(
            {**GOOD, "model": 5, "usage": {"prompt_tokens": "7"}},
            Completion(text="billing"),
            id="odd extras",
        ),
    ],
)
def test_what_the_model_said_is_a_completion(
    house: House, server: Server, said: Any, expected: Completion
) -> None:
    server.says(Answer(body=said))

    assert completion(house) == expected
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(body=b""), "(the body is not a JSON object): an empty body"),
        (Answer(body=b"{truncat"), "(the body is not a JSON object): {truncat"),
        (Answer(body=[1]), "(the body is not a JSON object): [1]"),
        (
            Answer(
                body=b"<!doctype html><h1>Hello</h1>",
                headers={"content-type": "text/html"},
            ),
            "(the body is not a JSON object): an HTML page",
        ),
        (Answer(body={"ok": True}), '(it has no choices): {"ok": true}'),
        (Answer(body={"choices": []}), '(it has no choices): {"choices": []}'),
        (Answer(body={"choices": None}), '(it has no choices): {"choices": null}'),
        (
            Answer(body={"choices": [{}]}),
            '(its choice has no message): {"choices": [{}]}',
        ),
        (
            Answer(body={"error": {"message": "GPU on fire"}}),
            "(it has no choices): GPU on fire",
        ),
    ],
)
def test_a_body_that_is_no_completion_is_the_endpoints_fault_and_tried_again(
    house: House, server: Server, answer: Answer, why: str
) -> None:
    server.says(answer)
    error = refusal(house)

    assert str(error) == (
        f"model 'house:m': {server.url} sent no chat completion {why}\n"
        "  hint: check that base_url leads to an OpenAI-compatible API"
    )
    assert len(server.bodies) == 5


# ---------------------------------------------------------------------- failures


def failing(status: int, words: str = "Something is off.", **entries: Any) -> Answer:
    return Answer(status=status, body={"error": {"message": words, **entries}})


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(failing(429), id="429"),
        pytest.param(failing(408), id="408"),
        pytest.param(failing(409), id="409"),
        pytest.param(failing(500), id="500"),
        pytest.param(failing(502), id="502"),
        pytest.param(Answer(status=503, body=b"<html>busy</html>"), id="503"),
        pytest.param(failing(529), id="529"),
        pytest.param(Answer(drop=True), id="dropped"),
        pytest.param(Answer(body=GOOD, cut=True), id="cut off"),
        pytest.param(Answer(body={"error": {"message": "x", "code": 502}}), id="200"),
    ],
)
def test_a_passing_fault_is_overcome_with_a_byte_equal_request(
    house: House, server: Server, fault: Answer
) -> None:
    server.says(fault, fault, Answer(body=GOOD))

    assert completion(house, request(seed=1)) == READ

    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            failing(401, f"Incorrect API key provided: {KEY}."),
            "answered with status 401: Incorrect API key provided: ***.\n"
            "  hint: check that HOUSE_KEY holds a key that may use this model",
        ),
        (
            failing(401, "Incorrect API key provided: sk-te***cdef."),
            "answered with status 401: Incorrect API key provided: ***\n"
            "  hint: check that HOUSE_KEY holds a key that may use this model",
        ),
        (
            failing(403, "Country not supported."),
            "answered with status 403: Country not supported.\n"
            "  hint: check that HOUSE_KEY holds a key that may use this model",
        ),
        (
            failing(404, "The model `m` does not exist", code="model_not_found"),
            "answered with status 404: The model `m` does not exist\n"
            "  hint: check the model's name and the provider's base_url",
        ),
        (
            failing(400, "Unsupported value\nfor\x1b[31m", param="temperature"),
            "answered with status 400: Unsupported value for [31m\n"
            "  hint: change or remove 'temperature' in the request settings",
        ),
        (
            failing(400, "Unknown name", param="seed"),
            "answered with status 400: Unknown name\n"
            "  hint: change or remove 'seed' in the request settings",
        ),
        (
            Answer(status=422, body={"detail": "max_tokens is too large"}),
            "answered with status 422: max_tokens is too large\n"
            "  hint: correct the request settings or the prompt",
        ),
        (
            Answer(status=413, body=b"<html>too much</html>"),
            "answered with status 413: an HTML page\n"
            "  hint: correct the request settings or the prompt",
        ),
        (
            failing(429, "You exceeded your quota.", code="insufficient_quota"),
            "answered with status 429: You exceeded your quota.\n"
            "  hint: top up the account, or set another key",
        ),
        (
            replace(failing(503), headers={"x-should-retry": "false"}),
            "answered with status 503: Something is off.\n"
            "  hint: run it again later: replies that came are in the cache",
        ),
        (
            Answer(body={"error": {"message": "no credit", "code": 402}}),
            "answered with status 402: no credit\n"
            "  hint: correct the request settings or the prompt",
        ),
    ],
)
def test_a_lasting_fault_is_told_in_the_providers_words_and_not_tried_again(
    house: House, server: Server, answer: Answer, message: str
) -> None:
    server.says(answer)

    error = refusal(house)

    assert str(error) == f"model 'house:m': {server.url} {message}"
    assert len(server.bodies) == 1
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_a_provider_that_wants_a_key_nobody_named_says_where_to_name_it(
    server: Server,
) -> None:
    server.says(failing(401, "Who are you?"))

    error = refusal(provider(server, api_key_env=None))

    assert error.hint == (
        "add api_key_env to [tool.promptopt.providers.house], "
        "with the variable that holds the key"
    )


def test_a_key_that_a_page_repeats_is_not_shown_even_where_it_is_cut(
    house: House,
    server: Server,
) -> None:
    server.says(Answer(status=400, body=b"." * 190 + KEY.encode("ascii")))

    error = refusal(house)

    assert "sk-" not in str(error)


def test_a_rate_limit_is_waited_for(house: House, server: Server) -> None:
    limited = replace(failing(429), headers={"retry-after": "0.2"})
    server.says(limited, Answer(body=GOOD))

    began = time.monotonic()
    completion(house)

    assert time.monotonic() - began >= 0.2
    assert len(server.bodies) == 2


def test_a_rate_limit_that_lasts_too_long_is_an_error_at_once(
    house: House, server: Server
) -> None:
    server.says(replace(failing(429, "Slow down."), headers={"retry-after": "3600"}))

    error = refusal(house)

    assert str(error) == (
        f"model 'house:m': {server.url} answered with status 429: Slow down.\n"
        "  hint: lower promptopt_concurrency, or run it again later"
    )
    assert error.retry_after_s == 3600
    assert len(server.bodies) == 1


def test_a_reply_that_takes_too_long_is_an_error_naming_the_limit(
    server: Server,
) -> None:
    never = threading.Event()
    server.says(Answer(body=GOOD, wait_for=never))

    error = refusal(provider(server, timeout_s=0.05), retries=replace(QUICK, retries=0))
    never.set()

    assert str(error) == (
        f"model 'house:m': no reply from {server.url} within 0.05 s\n"
        "  hint: raise timeout_s in [tool.promptopt.providers.house]"
    )
    assert error.retryable


def test_an_endpoint_that_is_not_there_is_named(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"

        error = refusal(
            provider(server, base_url=url), retries=replace(QUICK, retries=1)
        )

    assert error.problem.startswith(f"model 'house:m': cannot reach {url}: ")
    assert error.hint == (
        "start the server, or correct base_url in [tool.promptopt.providers.house]"
    )
    assert error.retryable


def test_a_missing_key_is_named_once_and_nothing_is_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOUSE_KEY")

    error = refusal(provider(server, key_required=True))

    assert str(error) == (
        "model 'house:m': an API key is needed, and the environment variable "
        "HOUSE_KEY is not set\n"
        "  hint: set it, or try without a key: promptopt_model = offline:rules"
    )
    assert server.bodies == []


def test_a_key_that_cannot_be_one_is_not_repeated(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_KEY", "sk-first\nsk-second")

    error = refusal(provider(server))

    assert str(error) == (
        "model 'house:m': the value of the environment variable HOUSE_KEY holds "
        "characters that no API key has\n"
        "  hint: set it again, without quotes or line ends in it"
    )


def test_streaming_is_refused_as_a_setting(house: House) -> None:
    error = house.ask(request(settings={"stream": True}))

    assert isinstance(error, SettingError)
    assert str(error) == (
        "model setting 'stream' = True is not supported: replies are read whole\n"
        "  hint: remove it from the request settings"
    )


# ------------------------------------------------------------------ through the engine


def test_a_burst_of_faults_loses_no_reply(server: Server) -> None:
    faults = [failing(500), failing(429), Answer(drop=True), Answer(body=b"{")]
    server.says(*(faults * 5), Answer(body=GOOD))

    patient = replace(QUICK, retries=20)

    replies = ask(
        provider(server), *(request(str(n)) for n in range(60)), retries=patient
    )

    assert all(isinstance(reply, Reply) for reply in replies)
    assert len(server.bodies) == 80
    assert len(set(server.bodies)) == 60


def test_cached_replies_need_no_key_and_no_server(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "c" / "replies.sqlite")
    where = provider(server, key_required=True)
    ask(where, cache=cache)
    monkeypatch.delenv("HOUSE_KEY")

    (reply,) = ask(where, cache=cache)

    assert isinstance(reply, Reply)
    assert reply.cached
    assert len(server.bodies) == 1


def test_one_model_can_serve_one_engine_after_the_other(server: Server) -> None:
    model = NamedModel("house:m", OpenAIModel("m", provider(server)))
    call = Call(model=model, request=request(), purpose="search")

    for _ in range(2):
        with Engine() as engine:
            assert engine.start(call).result(20).completion.text == "billing"


def test_closing_does_not_wait_for_a_request_in_flight(server: Server) -> None:
    never = threading.Event()
    server.says(Answer(body=GOOD, wait_for=never))
    model = NamedModel("house:m", OpenAIModel("m", provider(server)))
    engine = Engine()
    future = engine.start(Call(model=model, request=request(), purpose="search"))
    while not server.bodies:
        time.sleep(0.005)

    engine.close()

    assert isinstance(future.exception(0), ModelError)
    never.set()
