"""Drives a search with scripted replies and a scripted task model; no model, no I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize import Complete, Embed, Measure, SearchPlan
from pytest_promptopt.prompts import load_prompt
from pytest_promptopt.records import Candidate, Case, Completion, Score, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from pytest_promptopt.optimize import Effect
    from pytest_promptopt.records import Request, SearchResult

    Reply = Callable[[Request], Completion | None]
    Judge = Callable[[Candidate, Case, int, Measure], Trial]
    Vectors = tuple[tuple[float, ...], ...]

ONE_REGION = """\
{# promptopt: begin instructions -#}
Sort the ticket, level 40.
{# promptopt: end -#}
{{ ticket }}
"""
ADDRESS = "triage.j2#instructions"


@dataclass
class Driven:
    """A finished search and everything it asked for."""

    result: SearchResult
    effects: list[Effect] = field(default_factory=list)

    @property
    def asked(self) -> list[Complete]:
        return [effect for effect in self.effects if isinstance(effect, Complete)]

    @property
    def measured(self) -> list[Measure]:
        return [effect for effect in self.effects if isinstance(effect, Measure)]

    @property
    def holdout(self) -> list[Measure]:
        return [effect for effect in self.measured if effect.purpose == "holdout"]

    @property
    def calls(self) -> int:
        return sum(effect.calls for effect in self.effects)

    @property
    def rejected(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for step in self.result.steps:
            for reason, count in step.rejected.items():
                total[reason] = total.get(reason, 0) + count
        return total


def drive(
    searched: Generator[Effect, Any, SearchResult],
    reply: Reply,
    judge: Judge,
    vectors: Callable[[Embed], Vectors | None] = lambda _: None,
) -> Driven:
    effects: list[Effect] = []
    answer: Any = None
    while True:
        try:
            effect = searched.send(answer)
        except StopIteration as stop:
            return Driven(stop.value, effects)
        effects.append(effect)
        if isinstance(effect, Complete):
            answer = tuple(map(reply, effect.requests))
        elif isinstance(effect, Embed):
            answer = vectors(effect)
        else:
            answer = tuple(
                {
                    case.id: tuple(
                        judge(candidate, case, index, effect)
                        for index in effect.indices
                    )
                    for case in effect.cases
                }
                for candidate in effect.candidates
            )


def plan(folder: Path, *, template: str = ONE_REGION, **changes: Any) -> SearchPlan:
    (folder / "triage.j2").write_text(template, encoding="utf-8")
    prompt = load_prompt({"": "triage.j2"}, roots=[folder])
    given: dict[str, Any] = {"prompt": prompt, "cases": cases(200), "steps": 3}
    return SearchPlan(**{**given, **changes})


def cases(count: int, **changes: Any) -> tuple[Case, ...]:
    """Return distinct cases, the first half to train on."""
    given: dict[str, Any] = {"expected": "billing", **changes}
    return tuple(
        Case(
            id=f"case{number}",
            inputs={"ticket": f"Ticket {number} about parcel {number * 7}"},
            split="train" if number < count / 2 else "holdout",
            **given,
        )
        for number in range(count)
    )


def level(text: str) -> float:
    """Read how good a text is meant to be: the number behind ``level``."""
    words = text.replace(".", " ").replace(",", " ").split()
    return float(words[words.index("level") + 1]) / 100 if "level" in words else 0.0


def luck(*words: object) -> float:
    """Return a number in [0, 1) that depends on the words only."""
    digest = hashlib.sha256("|".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def right(is_right: bool) -> Trial:  # noqa: FBT001
    if is_right:
        return Trial(score=Score(value=1.0), output="billing")
    return Trial(score=Score(value=0.0, reason="expected 'billing'"), output="?")


def steady(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
    """Answer without noise: a better text is right wherever a worse one is."""
    number = int(case.id.removeprefix("case"))
    return right((number * 37 % 100) / 100 < level(text_of(candidate)))


def noisy(candidate: Candidate, case: Case, index: int, effect: Measure) -> Trial:
    """Answer by chance, anew for each trial and hold-out run."""
    draw = luck(candidate.key, case.id, index, effect.purpose, effect.run)
    return right(draw < level(text_of(candidate)))


def text_of(candidate: Candidate) -> str:
    return " ".join(candidate.texts.values())


def says(text: str) -> Completion:
    return Completion(text=f"Here it is: <new_text>{text}</new_text>")


def rising(request: Request) -> Completion:
    """Propose a text that is a little better with every draw."""
    assert request.seed is not None
    return says(f"Sort it, variant {request.seed}, level {45 + request.seed % 100}.")
