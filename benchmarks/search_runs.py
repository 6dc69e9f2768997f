"""One search on one landscape through the real loop, and what came of it."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landscapes import worth
from scripted_optimizer import optimizer_reply
from scripted_task import TaskModel

from pytest_promptopt.optimize import Complete, Measure, SearchPlan, search
from pytest_promptopt.prompts import load_prompt
from pytest_promptopt.records import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from landscapes import Landscape

    from pytest_promptopt.optimize import Effect, Strategy
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.records import Candidate, Completion, Request, SearchResult

_MARKED = re.compile(r"-#}\n(.*?)\n\{#", re.DOTALL)

MANY_STEPS = 1000
"""So that the budget ends a search, and not the number of its steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to.

    Attributes:
        result: What the loop returned.
        gain: By how much the best candidate on train is truly better on the hold-out
            cases than the start, as a share; 0 if nothing beats the start on train.
        proposed: The same of what was proposed; ``None`` if nothing was.
        scored: Candidates that were scored, the start not counted.
        usage: Tokens (here words) to and from the optimizer model.
    """

    result: SearchResult
    gain: float
    proposed: float | None
    scored: int
    usage: Usage


def loaded(files: Mapping[str, str], folder: Path) -> Prompt:
    """Write template files, and read them as a project's are read.

    A lone template is written as two of ``str.format``, its marked text as the system
    message: the checks of a rewrite take a third of the time that Jinja's take, and
    thousands of searches are mostly such checks.
    """
    if len(files) > 1:
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return load_prompt(
            {name.removesuffix(".j2"): name for name in files}, roots=[folder]
        )
    (text,) = files.values()
    (marked,) = _MARKED.findall(text)
    (folder / "system.txt").write_text(marked, encoding="utf-8")
    (folder / "user.txt").write_text("{request}", encoding="utf-8")
    roles = {"system": "system.txt", "user": "user.txt"}
    return load_prompt(roles, roots=[folder], syntax="format")


def run(
    landscape: Landscape,
    strategy: Strategy,
    *,
    seed: int = 0,
    reply: Callable[[Request], Completion] = optimizer_reply,
    **planned: Any,
) -> Found:
    """Search on a landscape.

    Args:
        landscape: What is true.
        strategy: The algorithm.
        seed: Of the search and of the task model's noise.
        reply: The optimizer model.
        planned: Further attributes of the plan, such as its budget.
    """
    with tempfile.TemporaryDirectory(prefix="promptopt-search-") as made:
        prompt = loaded(landscape.files, Path(made))
        plan = SearchPlan(
            prompt=prompt,
            cases=landscape.cases,
            seed=seed,
            **{"steps": MANY_STEPS, **planned},
        )
        driver = Driver(TaskModel(landscape, seed), reply)
        result = driver.drive(plan, strategy)
        return _found(landscape, prompt.incumbent, result, driver)


class Driver:
    """Carries out what a search asks for.

    Args:
        model: Answers the cases.
        reply: The optimizer model.
    """

    def __init__(
        self, model: TaskModel, reply: Callable[[Request], Completion]
    ) -> None:
        self._model = model
        self._reply = reply
        self.prompt_tokens = 0
        self.completion_tokens = 0

    def drive(self, plan: SearchPlan, strategy: Strategy) -> SearchResult:
        """Run a search to its end."""
        searched = search(plan, strategy)
        answer: Any = None
        while True:
            try:
                effect = searched.send(answer)
            except StopIteration as stop:
                result: SearchResult = stop.value
                return result
            answer = self._answer(effect)

    def _answer(self, effect: Effect) -> Any:
        if isinstance(effect, Measure):
            return self._model.measure(effect)
        if isinstance(effect, Complete):
            return tuple(map(self._asked, effect.requests))
        return None  # no other model is set

    def _asked(self, request: Request) -> Completion:
        told = self._reply(request)
        self.prompt_tokens += told.usage.prompt_tokens
        self.completion_tokens += told.usage.completion_tokens
        return told


def _found(
    landscape: Landscape, start: Candidate, result: SearchResult, driver: Driver
) -> Found:
    before = worth(landscape, start)

    def gained(candidate: Candidate | None) -> float | None:
        return None if candidate is None else worth(landscape, candidate) - before

    proposal = result.proposal
    return Found(
        result=result,
        gain=gained(result.best_candidate) or 0.0,
        proposed=gained(proposal.candidate if proposal else None),
        scored=sum(step.scored for step in result.steps) - 1,
        usage=Usage(
            prompt_tokens=driver.prompt_tokens,
            completion_tokens=driver.completion_tokens,
        ),
    )
