"""The embeddings endpoint of an OpenAI-compatible server, and vectors as text."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Answer, Server, serving

from pytest_promptopt.errors import ModelError, SettingError
from pytest_promptopt.models import resolve_model
from pytest_promptopt.models.cache import Cache
from pytest_promptopt.models.engine import Call, Engine, Reply, RetryPolicy
from pytest_promptopt.models.providers import Provider
from pytest_promptopt.models.vectors import embeddings_in, vectors_in, vectors_text
from pytest_promptopt.models.wire import NotACompletionError
from pytest_promptopt.records import Completion, Message, Request, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_promptopt.models.chat import NamedModel

KEY = "sk-test-0123456789abcdef"
NONE = RetryPolicy(retries=0)
REQUEST = Request(
    messages=(Message(role="user", content="Sort."), Message(role="user", content="Ü"))
)
DATA = [
    {"object": "embedding", "index": 1, "embedding": [0, 1]},
    {"object": "embedding", "index": 0, "embedding": [0.25, -1e-9]},
]
GOOD: dict[str, Any] = {
    "object": "list",
    "data": DATA,
    "model": "e-2026",
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}


@pytest.fixture(scope="module")
def running_server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    for name in os.environ:
        if name.startswith("OPENAI_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOUSE_KEY", KEY)
    running_server.renew()
    running_server.says(Answer(body=GOOD))
    return running_server


@pytest.fixture(scope="module")
def model(running_server: Server) -> NamedModel:
    """One client for all tests: it takes long to build."""
    house = Provider(
        name="house",
        base_url=running_server.url,
        api_key_env="HOUSE_KEY",
        request={"temperature": 0},
    )
    return resolve_model("house:e", providers={"house": house}, embeds=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(4, Cache.in_memory(), retries=NONE) as engine:
        yield engine


@pytest.fixture
def ask(model: NamedModel, engine: Engine, request: pytest.FixtureRequest) -> Any:
    run = request.node.name  # no test is answered with another one's vectors

    def ask() -> Reply:
        call = Call(model=model, request=REQUEST, purpose="embedding", run=run)
        return engine.start(call).result(20)

    return ask


def test_texts_are_sent_as_they_are_and_vectors_come_in_their_order(
    server: Server, ask: Any
) -> None:
    reply = ask()

    assert server.paths == ["/v1/embeddings"]
    assert server.sent == [
        {"input": ["Sort.", "Ü"], "model": "e", "encoding_format": "float"}
    ]
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert vectors_in(reply.completion.text, 2) == ((0.25, 0.0), (0.0, 1.0))
    assert reply.completion.model == "e-2026"
    assert reply.completion.usage == Usage(prompt_tokens=7)


def test_vectors_are_kept_like_replies(server: Server, ask: Any) -> None:
    first = ask()
    again = ask()

    assert len(server.sent) == 1
    assert (first.cached, again.cached) == (False, True)
    assert again.completion == first.completion


def test_where_no_usage_is_told_the_texts_are_counted(server: Server, ask: Any) -> None:
    server.says(Answer(body={"data": DATA}))

    usage = ask().completion.usage

    assert 0 < usage.prompt_tokens < 60
    assert usage.completion_tokens == 0


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "it has no data"),
        ({"data": []}, "2 vectors were asked for, 0 came"),
        ({"data": DATA[:1]}, "2 vectors were asked for, 1 came"),
        ({"data": [DATA[0], {"embedding": "AACAPw=="}]}, "not a list of numbers"),
        ({"data": [DATA[0], {"embedding": [1]}]}, "have different lengths"),
        ({"data": [DATA[0], {"embedding": [None, 1]}]}, "not a list of numbers"),
        (None, "it has no data"),
        ({"data": "x"}, "it has no data"),
    ],
)
def test_what_is_no_vectors_is_told_apart(body: Any, why: str) -> None:
    with pytest.raises(NotACompletionError, match=why):
        embeddings_in(body, 2)


def test_what_is_no_vectors_is_the_endpoints_fault(server: Server, ask: Any) -> None:
    server.says(Answer(body=b"<html>hello</html>"))

    with pytest.raises(ModelError) as caught:
        ask()

    assert caught.value.problem == (
        f"model 'house:e': {server.url} sent no embeddings (it has no data): "
        "an HTML page"
    )


def test_a_refusal_says_what_the_endpoint_says(server: Server, ask: Any) -> None:
    body = {"error": {"message": f"model e is no embeddings model, {KEY}"}}
    server.says(Answer(body=body, status=404))

    with pytest.raises(ModelError) as caught:
        ask()

    assert "model e is no embeddings model" in caught.value.problem
    assert KEY not in str(caught.value)


def test_the_offline_model_gives_no_vectors() -> None:
    with pytest.raises(SettingError) as caught:
        resolve_model("offline:rules", providers={}, embeds=True)

    assert str(caught.value) == (
        "promptopt_embeddings: 'offline:rules' gives no vectors\n"
        "  hint: name an embeddings model such as 'openai:text-embedding-3-small', "
        "or leave promptopt_embeddings out"
    )


NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(rows=st.integers(1, 3), vector=st.lists(NUMBERS, min_size=1, max_size=4))
def test_vectors_survive_being_text(rows: int, vector: list[float]) -> None:
    text = vectors_text([vector] * rows)

    assert vectors_in(text, rows) == (tuple(round(x, 8) for x in vector),) * rows
    kept = json.loads(json.dumps(Completion(text=text).to_json()))
    assert Completion.from_json(kept) == Completion(text=text)


@pytest.mark.parametrize(
    "text", ["", "chatter", "{}", "[1]", "[[]]", '[["1"]]', "[[true]]", "[[1e400]]"]
)
def test_chatter_is_no_vector(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|vector"):
        vectors_in(text, 1)
