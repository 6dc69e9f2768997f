"""The fakes that are shipped for everybody's tests."""

from __future__ import annotations

import pytest

from pytest_promptopt.errors import ModelError
from pytest_promptopt.records import Completion, Message, Request
from pytest_promptopt.testing import FailingModel, ScriptedModel


def ask(text: str) -> Request:
    return Request(messages=(Message(role="user", content=text),))


def test_a_scripted_model_answers_by_the_first_key_that_occurs() -> None:
    model = ScriptedModel({"2 + 2": "4", "2": "two"}, default="?")

    replies = [model.complete(ask(text)).text for text in ("2 + 2?", "2?", "x")]

    assert replies == ["4", "two", "?"]
    assert [entry.messages[0].content for entry in model.requests] == [
        "2 + 2?",
        "2?",
        "x",
    ]


def test_a_scripted_model_may_be_a_function_and_return_completions() -> None:
    model = ScriptedModel(lambda request: Completion(text="x", finish_reason="length"))

    assert model.complete(ask("a")).finish_reason == "length"


def test_a_script_without_a_reply_is_an_error_that_quotes_the_message() -> None:
    with pytest.raises(ModelError, match="no reply to 'what now'"):
        ScriptedModel({"x": "b"}).complete(ask("what now"))


def test_a_failing_model_fails_for_good_or_a_few_times() -> None:
    error = ModelError("busy", "wait", retryable=True)
    forever = FailingModel(error)
    twice = FailingModel(error, then=ScriptedModel({}, default="ok"), times=2)

    for model in (forever, forever, twice, twice):
        with pytest.raises(ModelError, match="busy"):
            model.complete(ask("a"))
    assert twice.complete(ask("a")).text == "ok"
