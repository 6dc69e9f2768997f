"""Drives the search loop for a text: a function scores, nothing is held out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pytest_promptopt.errors import ModelError, SettingError, StrategyError
from pytest_promptopt.optimize import Complete, Embed
from pytest_promptopt.optimize.loop import follow
from pytest_promptopt.optimize.run import Run
from pytest_promptopt.prompts import Prompt, Source
from pytest_promptopt.records import Candidate, Case, Score, Trial
from pytest_promptopt.solving.attempt import Optimized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_promptopt.optimize import Effect, Measure, SearchPlan, Strategy, Task
    from pytest_promptopt.records import Trials
    from pytest_promptopt.solving.attempt import Attempt, Stop
    from pytest_promptopt.solving.valuing import Valuing
    from pytest_promptopt.solving.writing import Writing

LABEL = "solution"
WORTH = Case(id="worth", inputs={}, has_expected=False, split="train")
"""The one case that a text has: what it is worth."""


def as_prompt(text: str) -> Prompt:
    """Return a prompt that is nothing but a text in no file.

    Raises:
        SettingError: It has no letter and no digit: there is nothing to rewrite.
    """
    key = Path(LABEL)
    source = Source(
        role="user", key=LABEL, path=key, text=text, label=LABEL, syntax="literal"
    )
    if not any(map(str.isalnum, text)) or "\r" in text:
        raise SettingError(
            f"seed {text!r:.80} cannot be searched from",
            "give seeds with a letter or a digit in them, and '\\n' as line ends",
        )
    return Prompt([source])


def as_candidates(prompt: Prompt, texts: Sequence[str]) -> tuple[Candidate, ...]:
    """Return texts as candidates for the place that a prompt's own text has."""
    (region,) = prompt.regions
    return tuple(Candidate(texts={region.address: text}) for text in texts)


def text_of(candidate: Candidate) -> str:
    """Return the text of a candidate, without outer blank space."""
    (text,) = candidate.texts.values()
    return text.strip()


class Solver:
    """One search for a text.

    Args:
        plan: What is searched; its earlier candidates are the other seeds.
        task: What the strategy gets to know of it.
        valuing: Knows what texts are worth, that of the seeds already.
        scale: Puts a value on the scale from 0 to 1.
        writing: Asks the model.
        show: Writes a value for the model.
        until: Says that an attempt is good enough.
    """

    def __init__(
        self,
        plan: SearchPlan,
        task: Task,
        *,
        valuing: Valuing,
        scale: Callable[[float], float],
        writing: Writing,
        show: Callable[[float], str],
        until: Callable[[Attempt], bool],
    ) -> None:
        self._run = Run(plan, task, 0)
        self._valuing, self._scale, self._writing = valuing, scale, writing
        self._show, self._until = show, until
        self._is_over = any(map(until, valuing.history))

    def solve(self, strategy: Strategy) -> Optimized:
        """Search until the loop or the caller ends it.

        Raises:
            StrategyError: The strategy breaks its contract.
            SettingError: The objective or a request cannot be used.
        """
        run, task = self._run, self._run.task
        self._drive(run.measure([task.incumbent, *task.earlier], task.cases, 1))
        run.step.scored += 1 + len(task.earlier)
        message = ""
        try:
            stopped = "" if self._is_over else self._drive(follow(run, strategy))
        except StrategyError:
            raise
        except ModelError as error:
            stopped, message = "error", f"{error.problem}; {error.hint}"
        return Optimized(
            best=self._valuing.best,
            history=tuple(self._valuing.history),
            steps=tuple(run.log),
            calls=run.calls,
            stopped=cast("Stop", "until" if self._is_over else stopped),
            message=message,
            strategy=strategy.name,
            seed=run.plan.seed,
        )

    def _drive(self, effects: Any) -> str:
        """Carry out what a part of the search asks for, and return what it returns."""
        answer: Any = None
        fault: ModelError | None = None
        while True:
            try:
                effect: Effect = (
                    effects.send(answer) if fault is None else effects.throw(fault)
                )
            except StopIteration as stop:
                return str(stop.value or "")
            fault = None
            if isinstance(effect, Complete):
                answer, fault = self._writing.replies(effect)
            elif isinstance(effect, Embed):
                answer = None
            else:
                answer = self._worth(effect)
            if self._is_over:
                effects.close()
                return ""

    def _worth(self, effect: Measure) -> tuple[Trials, ...]:
        found: list[Trials] = []
        for candidate in effect.candidates:
            found.append(self._trials(candidate, effect))
            if self._is_over:  # nobody asks what the others are worth
                break
        return tuple(found)

    def _trials(self, candidate: Candidate, effect: Measure) -> Trials:
        known = len(self._valuing.history)
        attempt = self._valuing.attempt(text_of(candidate), self._run.step.number)
        if len(self._valuing.history) > known and self._until(attempt):
            self._is_over = True
        trial = Trial(
            score=Score(value=self._scale(attempt.value), reason=attempt.reason),
            output=self._show(attempt.value),
        )
        return {case.id: (trial,) * len(effect.indices) for case in effect.cases}
