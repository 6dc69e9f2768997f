"""The public types, checked by mypy and never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import assert_type

from pytest_promptopt import (
    Attempt,
    Case,
    ChatModel,
    Completion,
    Message,
    Optimized,
    Request,
    Score,
    optimize_text,
)
from pytest_promptopt.optimize import Strategy
from pytest_promptopt.scorers import Scorer, all_of, exact, json_fields, judge
from pytest_promptopt.testing import ScriptedModel


class SyncModel:
    def complete(self, request: Request) -> Completion:
        return Completion(text=request.messages[-1].content)


class AsyncModel:
    async def complete(self, request: Request) -> Completion:
        return Completion(text=request.messages[-1].content)


class Panel:
    def requests(self, case: Case, completion: Completion) -> list[Request]:
        message = Message(role="user", content=completion.text)
        return [Request(messages=(message,), seed=seed) for seed in range(3)]

    def compare(
        self, case: Case, completion: Completion, replies: list[Completion]
    ) -> bool:
        return len(replies) > 1


def takes_model(model: ChatModel) -> None: ...


def takes_scorer(scorer: Scorer) -> None: ...


def half(case: Case, completion: Completion) -> Score:
    return Score(value=0.5 if completion.text == case.expected else 0.0)


def use(case: Case, completion: Completion, request: Request) -> None:
    takes_model(SyncModel())
    takes_model(AsyncModel())
    takes_model(ScriptedModel({"a": "b"}, default="c"))
    takes_scorer(half)
    takes_scorer(exact(ignore_case=True))
    takes_scorer(json_fields(partial=True))
    takes_scorer(judge("rubrics/polite.j2", verdicts=range(1, 6), second=half))
    takes_scorer(all_of("exact", panel=Panel()))
    assert_type(case.id, str)
    assert_type(case.inputs, Mapping[str, Any])
    assert_type(completion.text, str)
    assert_type(completion.json, Any)
    assert_type(completion.message, Message)
    assert_type(completion.message.as_openai(), dict[str, Any])
    assert_type(request.messages, tuple[Message, ...])
    assert_type(Score.unscored("why").value, float | None)


def take(strategy: Strategy) -> str:
    return strategy.name


def find() -> None:
    found = optimize_text(len, ["seed"], "opro", SyncModel(), budget=10)
    assert_type(found, Optimized)
    assert_type(found.best, Attempt)
    assert_type(found.best.value, float)
    optimize_text(lambda text: (1.5, text), ["seed"], "reflect", "openai:gpt-5-mini")
