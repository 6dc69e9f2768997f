"""Azure OpenAI, tokens and headers, against a scripted server on loopback."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from loopback import GOOD, Answer, Server, serving

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models import resolve_model
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Call, Engine, Reply, RetryPolicy
from pytest_promptopt.models.openai_model import OpenAIModel
from pytest_promptopt.models.providers import providers_from
from pytest_promptopt.records import Completion, Message, Request, canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "0123456789abcdef0123456789abcdef"
ASKED = Request(messages=(Message(role="user", content="Where is my parcel?"),))
QUICK = RetryPolicy(first_wait_s=0.001, longest_wait_s=0.002)


@pytest.fixture(scope="module")
def running_server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running_server: Server) -> Server:
    running_server.renew()
    return running_server


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("OPENAI_", "AZURE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def model(name: str, server: Server, **table: Any) -> OpenAIModel:
    where = {"base_url": server.url, **table}
    if table.get("kind") == "azure":
        where = {
            "endpoint": server.url.removesuffix("/v1"),
            "api_version": "2024-10-21",
            **table,
        }
    chat = resolve_model(
        f"house:{name}", providers=providers_from({"house": where})
    ).chat
    assert isinstance(chat, OpenAIModel)
    return chat


def ask(chat: OpenAIModel, request: Request = ASKED) -> Completion:
    async def once() -> Completion:
        try:
            return await chat.complete(request)
        finally:
            await chat.aclose()

    return asyncio.run(once())


def refusal(chat: OpenAIModel) -> str:
    with pytest.raises(ModelError) as caught:
        ask(chat)
    assert not caught.value.retryable
    return str(caught.value)


# -------------------------------------------------------------------------- Azure


def test_azure_gets_deployment_and_api_version_in_the_address_and_the_key_in_a_header(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "of-somebody-else")
    monkeypatch.setenv("OPENAI_API_VERSION", "of-another-project")
    monkeypatch.setenv("OPENAI_ORG_ID", "of-openai")

    reply = ask(model("gpt-triage", server, kind="azure"))

    assert reply.text == "billing"
    assert server.paths == [
        "/openai/deployments/gpt-triage/chat/completions?api-version=2024-10-21"
    ]
    (headers,) = server.headers
    assert headers["api-key"] == KEY
    # openai 1.x sends it twice, as its own Azure client always did.
    assert headers.get("authorization", f"Bearer {KEY}") == f"Bearer {KEY}"
    assert "of-" not in repr(headers)
    assert server.sent == [
        {
            "model": "gpt-triage",
            "messages": [{"role": "user", "content": "Where is my parcel?"}],
        }
    ]


def test_one_deployment_can_be_named_for_all_models(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_KEY", KEY)
    chat = model(
        "gpt-5-mini",
        server,
        kind="azure",
        deployment="prod eu/1",
        api_key_env="HOUSE_KEY",
        api_version="2025-04-01-preview",
    )

    ask(chat)

    path = "/openai/deployments/prod%20eu%2F1/chat/completions"
    assert server.paths == [f"{path}?api-version=2025-04-01-preview"]
    assert chat.identity == (
        f"{server.url.removesuffix('/v1')}/openai/deployments/prod%20eu%2F1"
        "?api-version=2025-04-01-preview"
    )


def test_a_token_takes_the_place_of_the_key(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("HOUSE_TOKEN", "eyJ.token")

    ask(model("m", server, kind="azure", token_env="HOUSE_TOKEN"))

    (headers,) = server.headers
    assert headers["authorization"] == "Bearer eyJ.token"
    assert "api-key" not in headers


def test_a_header_opens_the_door_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY", "user:secret")
    header = {"authorization": "Basic ${GATEWAY}", "X-Team": "support"}

    for kind in ("azure", "openai"):
        ask(model("m", server, kind=kind, default_headers=header))

    for headers in server.headers:
        assert headers["authorization"] == "Basic user:secret"
        assert headers["x-team"] == "support"
        assert "api-key" not in headers


@pytest.mark.parametrize(
    "error",
    [
        {"code": "content_filter", "message": "filtered"},
        {"code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}},
    ],
)
def test_a_prompt_that_azure_filters_is_a_reply_without_text_and_no_outage(
    server: Server, monkeypatch: pytest.MonkeyPatch, error: dict[str, Any]
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    server.says(Answer(status=400, body={"error": error}))

    reply = ask(model("m", server, kind="azure"))

    assert (reply.text, reply.finish_reason) == ("", "content_filter")


def test_a_wrong_address_or_key_names_what_to_correct(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    chat = model("m", server, kind="azure")
    address = server.url.removesuffix("/v1")
    server.says(
        Answer(status=404, body={"error": {"code": "DeploymentNotFound"}}),
        Answer(status=401, body={"error": {"message": f"bad key {KEY}"}}),
    )

    assert refusal(chat) == (
        f"model 'house:m': {address} answered with status 404: "
        '{"error": {"code": "DeploymentNotFound"}}\n'
        "  hint: check endpoint, api_version and deployment in "
        "[tool.promptopt.providers.house]; without deployment the model's name is the "
        "deployment's"
    )
    assert refusal(chat) == (
        f"model 'house:m': {address} answered with status 401: bad key ***\n"
        "  hint: check that AZURE_OPENAI_API_KEY holds a key that may use this model"
    )


def test_azure_elsewhere_needs_a_key() -> None:
    table = {"kind": "azure", "endpoint": "https://r.example", "api_version": "1"}
    chat = resolve_model("az:m", providers=providers_from({"az": table})).chat
    assert isinstance(chat, OpenAIModel)

    assert refusal(chat) == (
        "model 'az:m': an API key is needed, and the environment variable "
        "AZURE_OPENAI_API_KEY is not set\n"
        "  hint: set it, or try without a key: promptopt_model = offline:rules"
    )


# ------------------------------------------------------------------ printed tokens

PRINTS = """
import pathlib, sys
counter = pathlib.Path(sys.argv[1])
times = len(counter.read_text()) if counter.exists() else 0
counter.write_text("x" * (times + 1))
print(f"token-{times + 1}")
"""


@pytest.mark.parametrize("kind", ["azure", "openai"])
def test_a_command_prints_the_token_once_and_again_when_it_is_refused(
    server: Server, tmp_path: Path, kind: str
) -> None:
    command = [sys.executable, "-c", PRINTS, str(tmp_path / "times")]
    chat = model("m", server, kind=kind, token_command=command)
    expired = Answer(status=401, body={"error": {"message": "token-1 expired"}})
    server.says(Answer(body=GOOD), expired, Answer(body=GOOD))

    with Engine(1, retries=QUICK) as engine:
        calls = [
            Call(model=NamedModel("m", chat), request=ASKED, purpose=p) for p in "ab"
        ]
        for call in calls:
            assert isinstance(engine.start(call).result(20), Reply)

    sent = [headers["authorization"] for headers in server.headers]
    assert sent == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_fresh_token_that_is_refused_ends_the_attempts(
    server: Server, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", PRINTS, str(tmp_path / "times")]
    server.says(Answer(status=401, body={"error": {"message": "no token-1"}}))

    assert refusal(model("m", server, token_command=command)) == (
        f"model 'house:m': {server.url} answered with status 401: no ***\n"
        f"  hint: check that {sys.executable!r} prints a token that may use this model"
    )


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("", "printed no token\n  hint: make it print the token alone"),
        ("print('a b')", "printed more than a token\n  hint: make it print the *"),
        (
            "import sys; sys.exit('log in')",
            "ended with status 1 and said: log in\n"
            "  hint: run it by hand: you may have to log in",
        ),
    ],
)
def test_a_command_that_prints_no_token_is_told(
    server: Server, code: str, told: str
) -> None:
    chat = model("m", server, token_command=[sys.executable, "-c", code])

    said = refusal(chat)

    start = f"model 'house:m': token_command {sys.executable!r} "
    assert said.startswith(start + told.removesuffix("*"))
    assert not server.paths


def test_a_missing_command_is_told(server: Server) -> None:
    assert refusal(model("m", server, token_command=["no-such-login", "x"])) == (
        "model 'house:m': token_command: there is no program 'no-such-login'\n"
        "  hint: install it, or correct token_command in "
        "[tool.promptopt.providers.house]"
    )


# ------------------------------------------------------------------------- headers


def test_headers_are_sent_and_kept_nowhere(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENANT", "tenant-4711")
    table = {"default_headers": {"X-Tenant": "t/${TENANT}", "X-Team": "support"}}
    chat = model("m", server, **table)
    server.says(
        Answer(body=GOOD),
        Answer(status=400, body={"error": {"message": "no tenant-4711"}}),
    )
    call = Call(model=NamedModel("house:m", chat), request=ASKED, purpose="search")

    reply = ask(chat)

    assert server.headers[0]["x-tenant"] == "t/tenant-4711"
    assert server.headers[0]["x-team"] == "support"
    assert "4711" not in canonical_json(reply.to_json()) + chat.identity
    plain = NamedModel("house:m", model("m", server))
    assert call.key == Call(model=plain, request=ASKED, purpose="search").key
    assert "answered with status 400: no ***\n" in refusal(chat)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            "",
            "header X-Tenant needs the environment variable TENANT, which is not set\n"
            "  hint: set it, or remove the header from "
            "[tool.promptopt.providers.house]",
        ),
        (
            "a\nX-Admin: 1",
            "the value of the environment variable TENANT cannot be sent as header "
            "X-Tenant\n  hint: set it again, without line ends in it",
        ),
    ],
)
def test_a_header_that_cannot_be_filled_is_told_before_anything_is_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch, value: str, told: str
) -> None:
    monkeypatch.setenv("TENANT", value)
    chat = model("m", server, default_headers={"X-Tenant": "${TENANT}"})

    assert refusal(chat) == f"model 'house:m': {told}"
    assert not server.paths


def test_a_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))

    reply = ask(model("m", server, base_url="http://llm.house.example/v1"))

    assert reply.text == "billing"
    assert server.paths == ["http://llm.house.example/v1/chat/completions"]
