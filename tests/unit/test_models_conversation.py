"""What an application sends: OpenAI's dicts and messages, read, kept and refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import MessageError
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.conversation import messages_from
from pytest_promptopt.models.engine import Call
from pytest_promptopt.models.wire import messages_body
from pytest_promptopt.records import Completion, Message, Request, digest
from pytest_promptopt.testing import ScriptedModel

NESTED = {
    "id": "call_7",
    "type": "function",
    "function": {"name": "refund", "arguments": '{"order": "A-1"}'},
}
FLAT = {"id": "call_7", "name": "refund", "arguments": '{"order": "A-1"}'}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}

words = st.text(max_size=8)
names = st.text(min_size=1, max_size=8)
calls = st.lists(
    st.builds(
        lambda call, custom: {**call, **({"type": "custom"} if custom else {})},
        st.fixed_dictionaries(
            {"id": names, "name": names, "arguments": words},
            optional={"extra_content": st.dictionaries(words, words, max_size=2)},
        ),
        st.booleans(),
    ),
    min_size=1,
    max_size=2,
).map(tuple)
extras = st.fixed_dictionaries({}, optional={"name": names})
chats = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["system", "developer", "user", "assistant"]),
        content=words,
        extra=extras,
    )
    | st.builds(Message, role=st.just("assistant"), content=words, tool_calls=calls)
    | st.builds(Message, role=st.just("tool"), content=words, tool_call_id=names)
    | st.builds(
        lambda text: Message(
            role="user", content=text, parts=({"type": "text", "text": text}, IMAGE)
        ),
        words,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(chats)
def test_messages_are_sent_kept_and_read_back_as_they_are(chat: list[Message]) -> None:
    as_dicts = [message.as_openai() for message in chat]

    assert messages_from(chat) == tuple(chat)
    assert messages_from(as_dicts) == tuple(chat)
    assert messages_from(messages_body(chat)) == tuple(chat)
    stored = json.loads(json.dumps([message.to_json() for message in chat]))
    assert [Message.from_json(entry) for entry in stored] == chat


def test_a_message_of_a_template_is_kept_sent_and_keyed_as_ever() -> None:
    message = Message(role="user", content="Hello")
    plain = {"role": "user", "content": "Hello"}
    call = Call(
        model=NamedModel("house:m", ScriptedModel({})),
        request=Request(messages=(message,), seed=2),
        purpose="gate",
        run="r",
    )

    assert message.to_json() == message.as_openai() == plain
    assert list(messages_body([message])[0]) == ["role", "content"]
    request = {"messages": [plain], "settings": {}, "seed": 2}
    assert call.key == digest([1, "house:m", request, "gate", "r"])
    assert len({message, Message.from_json(plain)}) == 1


def test_a_reply_becomes_a_message_of_the_conversation() -> None:
    asks = Completion(text="", finish_reason="tool_calls", tool_calls=(FLAT,))
    refuses = Completion(text="", refusal="I will not.")

    assert Completion(text="Yes.").message == Message(role="assistant", content="Yes.")
    assert asks.message.as_openai() == {
        "role": "assistant",
        "content": None,
        "tool_calls": [NESTED],
    }
    assert refuses.message.as_openai() == {
        "role": "assistant",
        "content": None,
        "refusal": "I will not.",
    }


def test_calls_without_an_id_get_one_that_does_not_change() -> None:
    old = Completion(text="", tool_calls=({"name": "f", "arguments": {"é": 1}},) * 2)

    sent = old.message.as_openai()["tool_calls"]

    assert [call["id"] for call in sent] == ["call_0_1", "call_0_2"]
    assert sent[0]["function"] == {"name": "f", "arguments": '{"é": 1}'}


def test_dicts_are_read_in_every_common_spelling() -> None:
    class Reply:
        """Like a message of the OpenAI client, which applications append."""

        def model_dump(self) -> dict[str, Any]:
            return {
                "role": "assistant",
                "content": None,
                "refusal": None,
                "tool_calls": [{**NESTED, "index": None}],
            }

    read = messages_from(
        [
            {"role": "user", "content": [IMAGE], "name": "Ann"},
            Reply(),
            {"role": "assistant", "content": "", "tool_calls": [FLAT]},
            {"role": "tool", "content": "done", "tool_call_id": "call_7"},
        ]
    )

    called = Message(role="assistant", content="", tool_calls=(FLAT,))
    assert read == (
        Message(role="user", content="", parts=(IMAGE,), extra={"name": "Ann"}),
        called,
        called,
        Message(role="tool", content="done", tool_call_id="call_7"),
    )


USER = {"role": "user", "content": "Hello"}
AS_IT_CAME = "append completion.message, which has the model's calls as they came"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            "Hello",
            "what is sent is 'Hello', not a list of messages\n"
            '  hint: send a list: [{"role": "user", "content": "..."}]',
        ),
        (
            USER,
            "what is sent is {'role': 'user', 'content': 'Hello'}, not a list of "
            'messages\n  hint: send a list: [{"role": "user", "content": "..."}]',
        ),
        (
            [],
            "an empty list of messages is sent\n  hint: send one message or more; "
            "prompt.messages(...) gives the first ones",
        ),
        (
            [USER, [USER]],
            "message 2 is [{'role': 'user', 'content': 'Hello'}], no message\n"
            "  hint: it is a list in the list: put a star before it, [*messages, ...]",
        ),
        (
            [Completion(text="")],
            "message 1 is a completion, no message\n"
            "  hint: append its message: completion.message",
        ),
        (
            [USER, 5],
            "message 2 is 5, no message\n"
            '  hint: write {"role": "user", "content": "..."}, or append '
            "completion.message",
        ),
        (
            [{"content": "Hello"}],
            "message 1 has no role: {'content': 'Hello'}\n"
            '  hint: add "role", one of: system, developer, user, assistant, tool',
        ),
        (
            [USER, {"role": "asistant", "content": ""}],
            "message 2 has the role 'asistant'\n  hint: did you mean 'assistant'?",
        ),
        (
            [{"role": "function", "content": "", "name": "f"}],
            "message 1 has the role 'function'\n"
            '  hint: write "tool", with the tool_call_id of the call that it answers',
        ),
        (
            [{"role": "user", "contents": "Hello"}],
            "message 1 (user) has the key 'contents'\n  hint: did you mean 'content'?",
        ),
        (
            [{"role": "user"}],
            'message 1 (user) has no content\n  hint: add "content", a text',
        ),
        (
            [{"role": "assistant", "content": None}],
            "message 1 (assistant) has neither content nor tool_calls\n"
            "  hint: append completion.message, which has what the model said",
        ),
        (
            [{"role": "tool", "content": {"paid": True}, "tool_call_id": "c"}],
            "message 1 (tool) has the content {'paid': True}\n"
            "  hint: send a text; json.dumps(result) makes one of any result",
        ),
        (
            [{"role": "user", "content": 5}],
            "message 1 (user) has the content 5\n"
            "  hint: send a text, or a list of parts",
        ),
        (
            [{"role": "user", "content": [IMAGE, "Hello"]}],
            "message 1 (user), part 2 is 'Hello'\n"
            '  hint: write parts as OpenAI has them: {"type": "text", "text": "..."} '
            'or {"type": "image_url", "image_url": {"url": "..."}}',
        ),
        (
            [{"role": "user", "content": [{"type": "text"}]}],
            "message 1 (user), part 1 has no text: {'type': 'text'}\n"
            '  hint: add "text" to the part',
        ),
        (
            [{"role": "user", "content": [{"type": "audio", "data": b"x"}]}],
            "message 1 (user) cannot be sent as JSON: Object of type bytes is not "
            "JSON serializable\n"
            "  hint: use text, finite numbers, booleans, lists and dicts only",
        ),
        (
            [{"role": "tool", "content": "done"}],
            "message 1 (tool) has no tool_call_id\n"
            '  hint: send the id of the call that it answers: call["id"] of '
            "completion.tool_calls",
        ),
        (
            [{**USER, "tool_call_id": "c"}],
            "message 1 (user) has the tool_call_id 'c'\n"
            '  hint: give the result of a tool the role "tool"',
        ),
        (
            [{**USER, "tool_calls": [NESTED]}],
            "message 1 (user) has tool_calls\n"
            "  hint: only an assistant message has them: append completion.message",
        ),
        (
            [{"role": "assistant", "tool_calls": NESTED}],
            f"message 1 (assistant) has the tool_calls {str(NESTED)[:77]}...\n"
            "  hint: send a list of calls",
        ),
        (
            [{"role": "assistant", "tool_calls": ["refund"]}],
            f"message 1 (assistant), tool call 1 is 'refund'\n  hint: {AS_IT_CAME}",
        ),
        (
            [{"role": "assistant", "tool_calls": [FLAT, {"name": "f"}]}],
            "message 1 (assistant), tool call 2 has no id: {'name': 'f'}\n"
            f"  hint: {AS_IT_CAME}",
        ),
        (
            [{"role": "assistant", "tool_calls": [{**FLAT, "arguments": 5}]}],
            "message 1 (assistant), tool call 1 has the arguments 5\n"
            f"  hint: send them as the model wrote them; {AS_IT_CAME}",
        ),
    ],
)
def test_what_is_no_conversation_is_refused_with_its_place(
    sent: Any, told: str
) -> None:
    with pytest.raises(MessageError) as caught:
        messages_from(sent)

    assert str(caught.value) == told
