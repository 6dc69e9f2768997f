"""Model settings reach the wire as they are, and what they ask for comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from loopback import GOOD, Answer, Server, serving

from pytest_promptopt.errors import ReplyNotJsonError, SettingError
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.conversation import messages_from
from pytest_promptopt.models.engine import Call
from pytest_promptopt.models.openai_model import OpenAIModel
from pytest_promptopt.models.providers import providers_from
from pytest_promptopt.models.wire import check_settings
from pytest_promptopt.records import Completion, Message, Request, canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator

TRIAGE: Mapping[str, Any] = {
    "temperature": 0.0,
    "seed": 7,
    "max_completion_tokens": 200,
    "reasoning_effort": "low",
    "verbosity": "low",
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "triage",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"label": {"enum": ["billing", "shipping"]}},
                "required": ["label"],
                "additionalProperties": False,
            },
        },
    },
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "refund",
                "parameters": {
                    "type": "object",
                    "properties": {"order": {"type": "string"}},
                },
            },
        }
    ],
    "tool_choice": "auto",
    "chat_template_kwargs": {"enable_thinking": False},
    "stop": None,
}


@pytest.fixture(scope="module")
def running_server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    running_server.renew()
    return running_server


def model(server: Server, request: Mapping[str, Any] | None = None) -> OpenAIModel:
    table = {"base_url": server.url, "request": request or {}}
    return OpenAIModel("m", providers_from({"house": table})["house"])


def asked(seed: int | None = None, **settings: Any) -> Request:
    messages = (Message(role="user", content="Refund A-1, please."),)
    return Request(messages=messages, settings=settings, seed=seed)


def ask(chat: OpenAIModel, request: Request) -> Completion:
    async def once() -> Completion:
        try:
            return await chat.complete(request)
        finally:
            await chat.aclose()

    return asyncio.run(once())


def settings_sent(server: Server) -> dict[str, Any]:
    (body,) = server.sent
    return {key: body[key] for key in body if key not in ("model", "messages")}


def test_every_setting_of_a_request_is_sent_as_it_is(server: Server) -> None:
    ask(model(server), asked(**TRIAGE))

    assert settings_sent(server) == TRIAGE


def test_a_providers_settings_hold_where_the_request_says_nothing(
    server: Server,
) -> None:
    defaults = {"temperature": 1, "seed": None, "safety": {"level": 3}}

    ask(model(server, defaults), asked(seed=2, temperature=0))

    assert settings_sent(server) == {
        "temperature": 0,
        "seed": None,
        "safety": {"level": 3},
    }


def test_a_providers_settings_are_part_of_the_models_identity(server: Server) -> None:
    def key(request: Mapping[str, Any]) -> str:
        named = NamedModel("house:m", model(server, request))
        return Call(model=named, request=asked(), purpose="search").key

    assert model(server).identity == server.url
    assert key({"a": 1, "b": 2}) == key({"b": 2, "a": 1})
    assert len({key({}), key({"a": 1}), key({"a": 2})}) == 3


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"model": "gpt-x"},
            "model setting 'model' = 'gpt-x' is not supported: it is set elsewhere\n"
            '  hint: write model="PROVIDER:MODEL" on the marker, or set '
            "promptopt_model",
        ),
        (
            {"messages": []},
            "model setting 'messages' = [] is not supported: it is set elsewhere\n"
            "  hint: put the text into the prompt",
        ),
        (
            {"n": 3},
            "model setting 'n' = 3 is not supported: one reply is read, and all would "
            "be paid for\n  hint: remove it from the request settings",
        ),
        (
            {"stream": True},
            "model setting 'stream' = True is not supported: replies are read whole\n"
            "  hint: remove it from the request settings",
        ),
    ],
)
def test_a_setting_that_would_make_it_another_request_is_refused(
    server: Server, settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingError) as caught:
        ask(model(server), asked(**settings))
    with pytest.raises(SettingError) as in_table:
        model(server, settings)

    assert str(caught.value) == told
    assert str(in_table.value) == f"[tool.promptopt.providers.house]: request: {told}"
    assert not server.bodies


def test_settings_that_say_what_holds_anyway_are_sent() -> None:
    check_settings({"n": 1, "stream": False})


def reply(server: Server, message: dict[str, Any], reason: str = "stop") -> Completion:
    choice = {"index": 0, "finish_reason": reason, "message": message}
    server.says(Answer(body={**GOOD, "choices": [choice]}))
    return ask(model(server), asked())


def test_a_reply_that_keeps_to_a_schema_is_json(server: Server) -> None:
    said = reply(server, {"role": "assistant", "content": '{"label": "billing"}'})

    assert said.json == {"label": "billing"}
    with pytest.raises(ReplyNotJsonError):
        assert Completion(text="billing.").json


def test_tool_calls_of_every_kind_come_back(server: Server) -> None:
    calls = [
        {"id": "1", "function": {"name": "refund", "arguments": '{"order": "A-1"}'}},
        {"id": "2", "function": {"name": "note", "arguments": {"text": "é"}}},
        {"id": "3", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}},
    ]

    said = reply(server, {"content": None, "tool_calls": calls}, "tool_calls")

    assert said.text == ""
    assert said.finish_reason == "tool_calls"
    assert said.tool_calls == (
        {"id": "1", "name": "refund", "arguments": '{"order": "A-1"}'},
        {"id": "2", "name": "note", "arguments": '{"text": "é"}'},
        {"id": "3", "name": "sql", "arguments": "SELECT 1", "type": "custom"},
    )


def test_tool_calls_go_back_as_they_came(server: Server) -> None:
    signed = {"google": {"thought_signature": "EhIK"}}
    calls = [
        {
            "id": "1",
            "type": "function",
            "function": {"name": "refund", "arguments": '{ "order":"A-1" }'},
            "extra_content": signed,
        },
        {"id": "2", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}},
    ]
    said = reply(server, {"content": None, "tool_calls": calls}, "tool_calls")
    results = [
        {"role": "tool", "content": "ok", "tool_call_id": c["id"]} for c in calls
    ]
    chat = messages_from([*asked().messages, said.message, *results])
    server.renew()

    ask(model(server), Request(messages=chat))
    ask(model(server), Request(messages=tuple(map(kept, chat))))

    assert server.sent[0]["messages"][1:] == [
        {"role": "assistant", "content": None, "tool_calls": calls},
        *results,
    ]
    assert server.bodies[0] == server.bodies[1]


def kept(message: Message) -> Message:
    """Return a message after its way through JSON."""
    return Message.from_json(json.loads(canonical_json(message.to_json())))


def test_a_refusal_comes_back_as_one(server: Server) -> None:
    said = reply(server, {"content": None, "refusal": "I will not."})

    assert (said.text, said.refusal) == ("", "I will not.")
