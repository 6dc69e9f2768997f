"""The fakes that are shipped for everybody's tests."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_promptopt.errors import ModelError
from pytest_promptopt.records import Completion, Message, Request
from pytest_promptopt.testing import FailingModel, ScriptedJudge, ScriptedModel


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


def shares(judge: ScriptedJudge, n: int = 4000) -> dict[str, float]:
    texts = [judge.complete(ask(f"good {number}")).text for number in range(n)]
    return {text: texts.count(text) / n for text in set(texts)}


def test_a_scripted_judge_is_right_without_faults() -> None:
    judge = ScriptedJudge({"good": "pass"}, default="fail")

    assert judge.complete(ask("good")).text == "<verdict>pass</verdict>"
    assert judge.complete(ask("bad")).text == "<verdict>fail</verdict>"
    assert [len(request.messages) for request in judge.requests] == [1, 1]


def test_the_faults_of_a_scripted_judge_have_the_shares_that_are_asked_for() -> None:
    stars = ("one", "two", "three")
    errs = ScriptedJudge({"good": "three"}, verdicts=stars, wrong=0.2, unreadable=0.1)
    leans = ScriptedJudge({"good": "three"}, verdicts=stars, biased=0.3)

    assert shares(errs) == {
        "I would rather not say.": pytest.approx(0.1, abs=0.02),
        "<verdict>one</verdict>": pytest.approx(0.09, abs=0.02),
        "<verdict>two</verdict>": pytest.approx(0.09, abs=0.02),
        "<verdict>three</verdict>": pytest.approx(0.72, abs=0.02),
    }
    assert shares(leans)["<verdict>one</verdict>"] == pytest.approx(0.3, abs=0.02)


def test_a_fault_is_drawn_by_the_request_and_its_seed() -> None:
    one, other = (
        ScriptedJudge({"good": "pass"}, wrong=0.5, unreadable=0.2) for _ in range(2)
    )
    draws = [
        Request(messages=ask("good").messages, seed=seed) for seed in (*range(20), 3)
    ]

    replies = [one.complete(request).text for request in draws]

    assert [other.complete(request).text for request in reversed(draws)] == (
        replies[::-1]
    )
    assert replies[-1] == replies[3]
    assert len(set(replies)) == 3


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"wrong": 1.5}, r"wrong=1\.5 is not in \[0, 1\]"),
        ({"biased": float("nan")}, r"biased=nan is not in \[0, 1\]"),
        ({"verdicts": ("a", "a")}, r"verdicts=\('a', 'a'\) are fewer than two"),
    ],
)
def test_a_scripted_judge_that_cannot_be_is_refused(
    arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        ScriptedJudge({}, **arguments)
