"""The stand-in's settings, and the loopback server that speaks for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest

from pytest_promptopt.errors import SettingError
from pytest_promptopt.models.chat import ChatModel, NamedModel
from pytest_promptopt.models.offline import OfflineModel, offline_model
from pytest_promptopt.models.offline.server import OfflineServer, read_request
from pytest_promptopt.records import Completion, Message, Request

PROMPT = "Is the sky blue or red? Only the colour.\n\nText: red clouds"


def post(base_url: str, body: Any, path: str = "/chat/completions") -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    call = urllib.request.Request(f"{base_url}{path}", data=data)
    try:
        with urllib.request.urlopen(call, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **more}


def test_the_model_says_that_it_is_a_stand_in() -> None:
    model = offline_model("rules")

    assert isinstance(model, ChatModel)
    # Unchanged prompts are carried over with it as with any other model.
    assert not NamedModel("offline:rules", model).free
    assert model.stand_in.startswith(
        "offline:rules is a deterministic stand-in, not an LLM"
    )
    assert "slip=0.03" in model.identity
    assert offline_model("rules?slip=0").identity != model.identity


def test_completing_awaits_nothing() -> None:
    request = Request(messages=(Message(role="user", content=PROMPT),))
    coroutine = OfflineModel(slip=0.0).complete(request)

    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)

    reply = stopped.value.value
    assert isinstance(reply, Completion)
    assert reply.text == "red"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (12, 1)


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (
            "dice",
            "offline model: unknown rule set 'dice'\n  hint: write offline:rules",
        ),
        (
            "rules?slip=2",
            "offline:rules?slip=2: slip '2' is not a number from 0 to 1\n"
            "  hint: write for example offline:rules?slip=0.03",
        ),
        (
            "rules?slip=x",
            "offline:rules?slip=x: slip 'x' is not a number from 0 to 1\n"
            "  hint: write for example offline:rules?slip=0.03",
        ),
        (
            "rules?skip=0",
            "offline:rules?skip=0: unknown parameter 'skip'\n"
            "  hint: the one parameter is slip, as in offline:rules?slip=0",
        ),
    ],
)
def test_wrong_settings_say_what_to_write(rest: str, message: str) -> None:
    with pytest.raises(SettingError) as raised:
        offline_model(rest)

    assert str(raised.value) == message


def test_the_server_says_what_the_model_says() -> None:
    with OfflineServer() as server:
        for seed in range(8):
            status, data = post(
                server.base_url, chat(PROMPT, model="rules?slip=0.5", seed=seed)
            )
            request = Request(
                messages=(Message(role="user", content=PROMPT),), seed=seed
            )
            expected = offline_model("rules?slip=0.5").reply(request)

            assert status == 200
            assert data["choices"][0]["message"]["content"] == expected.text
            assert data["usage"]["prompt_tokens"] == 12


def test_the_server_reads_conversations_as_the_model_sees_them_in_process() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    sent = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": PROMPT}, image]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]},
        {"role": "tool", "content": "red", "tool_call_id": "c"},
    ]

    _, request, _ = read_request(json.dumps({"messages": sent}).encode())

    assert [(message.role, message.content) for message in request.messages] == [
        ("developer", "Be brief."),
        ("user", PROMPT),
        ("assistant", ""),
        ("tool", "red"),
    ]
    assert offline_model("rules").reply(request).text


def test_the_server_lists_its_model() -> None:
    with (
        OfflineServer() as server,
        urllib.request.urlopen(f"{server.base_url}/models", timeout=10) as reply,
    ):
        listed = json.load(reply)

    assert [entry["id"] for entry in listed["data"]] == ["rules"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": []}, "'messages' is missing or empty"),
        (chat("x", seed="1"), "'seed' '1' is not an integer"),
        (chat("x", stream=True), "streaming is not supported; leave 'stream' out"),
        (
            chat("x", model="gpt"),
            "offline model: unknown rule set 'gpt'; write offline:rules",
        ),
        (b"[]", "the body is not a JSON object"),
        (
            {"messages": [{"role": "robot", "content": "x"}]},
            "message {'role': 'robot', 'content': 'x'} has no usable role",
        ),
    ],
)
def test_faults_come_in_the_shape_of_openai(body: Any, message: str) -> None:
    with OfflineServer() as server:
        status, data = post(server.base_url, body)

    assert status == 400
    assert data["error"]["message"] == message
    assert data["error"]["type"] == "invalid_request_error"


def test_unknown_addresses_are_not_found() -> None:
    with OfflineServer() as server:
        status, data = post(server.base_url, {}, "/embeddings")

    assert (status, data["error"]["message"]) == (
        404,
        "no such address: /v1/embeddings",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_names_its_address_and_stops_on_a_signal(number: int) -> None:
    command = [sys.executable, "-m", "pytest_promptopt.models.offline", "--port", "0"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        status, _ = post(base_url, chat(PROMPT))
        process.send_signal(number)
        rest, complaints = process.communicate(timeout=10)

    assert base_url.startswith("http://127.0.0.1:")
    assert (status, process.returncode, rest, complaints) == (200, 0, "", "")
