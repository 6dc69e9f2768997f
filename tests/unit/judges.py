"""Judges, what is asked and what they answer, as tests of them need it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_promptopt.prompts import load_prompt
from pytest_promptopt.records import Case, Completion
from pytest_promptopt.scorers import Asked, Asking, Question, resolve_scorer
from pytest_promptopt.testing import ScriptedJudge

CASE = Case(
    id="a", inputs={"ticket": "Where is it?"}, expected="On its way.", place="c.jsonl:3"
)


def resolved(spec: Any, folder: Path, **extra: Any) -> Asking:
    """Resolve a scorer as a marker does, with files in a folder."""
    asking = resolve_scorer(
        spec,
        locate=lambda name: folder / name,
        prompt=lambda place, syntax: load_prompt(
            {"": place}, roots=(folder,), syntax=syntax
        ),
        **extra,
    )
    assert isinstance(asking, Asking)
    return asking


def said(*texts: str | None) -> tuple[Completion | None, ...]:
    """Return replies of a judge."""
    return tuple(None if text is None else Completion(text=text) for text in texts)


def answers(
    judge: ScriptedJudge, questions: Sequence[Question]
) -> tuple[Completion, ...]:
    """Ask a judge."""
    return tuple(judge.complete(question.request) for question in questions)


def asked_about(
    asking: Asking, judge: ScriptedJudge, replies: Sequence[tuple[Case, str]]
) -> list[Asked]:
    """Grade replies by asking a judge."""
    return [
        Asked(
            case=case,
            completion=Completion(text=text),
            replies=answers(judge, asking.questions(case, Completion(text=text))),
        )
        for case, text in replies
    ]
