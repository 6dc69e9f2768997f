"""Carrying out what a search asks for: requests to the optimizer model, trials."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.cases import split_cases
from pytest_promptopt.errors import BudgetExhausted, ModelError
from pytest_promptopt.items.pending import Draw, Tally, gathered, replies_of
from pytest_promptopt.items.prompt_test import Arm
from pytest_promptopt.items.sending import awaited, start
from pytest_promptopt.looks import looks_before
from pytest_promptopt.models.engine import Call
from pytest_promptopt.optimize import Complete, Measure, SearchPlan, search

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pytest_promptopt.items.pending import Batch
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine, Reply
    from pytest_promptopt.optimize import Strategy
    from pytest_promptopt.records import Completion, SearchResult, Trials
    from pytest_promptopt.settings import Settings

Searched = Generator["Complete | Measure", Any, "SearchResult"]


@dataclass(slots=True, kw_only=True)
class SearchDriver:
    """Executes the effects of one search.

    Attributes:
        test: The prompt test.
        searched: Yields the effects.
        model: The task model.
        optimizer: Builds the optimizer model at the first request to it.
        engine: Answers requests.
        budget: What every call is charged to.
        tally: Counts replies.
        sent: The replies that the search waits for.
        writer: The optimizer model, once it was asked.
    """

    test: PromptTest
    searched: Searched
    model: NamedModel
    optimizer: Callable[[], NamedModel]
    engine: Engine
    budget: Budget
    tally: Tally
    sent: list[Future[Reply]] = field(default_factory=list)
    writer: NamedModel | None = None

    def run(self) -> Generator[Batch, None, SearchResult]:
        """Drive the search; yield the trials whose bodies are to be run."""
        answer: Any = None
        fault: ModelError | None = None
        while True:
            try:
                if fault is not None:
                    effect = self.searched.throw(fault)
                else:
                    effect = self.searched.send(answer)
            except StopIteration as stop:
                return self._with_texts(stop.value)
            if isinstance(effect, Complete):
                answer, fault = self._complete(effect)
            else:
                answer, fault = yield from self._measure(effect)

    def _with_texts(self, result: SearchResult) -> SearchResult:
        best = result.best_candidate
        if result.outcome != "unconfirmed" or best is None:
            return result
        return replace(result, best_texts=self.test.prompt.supplied_texts(best))

    def _complete(
        self, effect: Complete
    ) -> tuple[tuple[Completion | None, ...], ModelError | None]:
        optimizer = self.writer = self.optimizer()
        replies = self.engine.start_all(
            [
                Call(
                    model=optimizer,
                    request=request,
                    purpose="search",
                    budget=self.budget,
                )
                for request in effect.requests
            ]
        )
        self.sent[:] = replies
        answers: list[Completion | None] = []
        fault = None
        for reply in replies:
            try:
                answers.append(self.tally.count(awaited(reply, optimizer)))
            except ModelError as error:
                if not error.retryable:  # the next request would meet the same end
                    fault = error
                answers.append(None)
        return tuple(answers), fault

    def _measure(
        self, effect: Measure
    ) -> Generator[Batch, None, tuple[tuple[Trials, ...], ModelError | None]]:
        arms = [
            (
                Arm(
                    prompt=self.test.prompt.replacing(candidate),
                    model=self.model,
                    settings=self.test.settings,
                ),
                effect.cases,
            )
            for candidate in effect.candidates
        ]
        draw = Draw(
            purpose=effect.purpose,
            run=effect.run,
            indices=effect.indices,
            tally=self.tally,
            budget=self.budget,
        )
        batch = start(self.engine, arms, draw, calls_model=not self.test.calls_itself)
        self.sent[:] = replies_of(batch)
        yield batch
        spent = [
            entry.lost for entry in batch if isinstance(entry.lost, BudgetExhausted)
        ]
        return gathered(batch, arms), spent[0] if spent else None


def search_driver(
    test: PromptTest,
    *,
    strategy: Strategy,
    settings: Settings,
    budget: Budget,
    model: NamedModel,
    optimizer: Callable[[], NamedModel],
    engine: Engine,
) -> SearchDriver:
    """Plan the search of one prompt test.

    Args:
        test: The prompt test.
        strategy: Proposes candidates.
        settings: The run's settings.
        budget: This test's share of the calls.
        model: The task model.
        optimizer: Builds the model that writes candidates.
        engine: Answers requests.
    """
    holdout = [case.hash for case in split_cases(test.cases).holdout]

    def looks_of(run: str) -> int:
        return looks_before(
            test.looks,
            incumbent=test.prompt.incumbent.key,
            holdout=holdout,
            run=run,
        )

    searched = search(
        SearchPlan(
            prompt=test.prompt,
            cases=test.cases,
            seed=settings.seed,
            steps=settings.steps,
            budget=budget.left,
            optimizer_settings=settings.optimizer_request,
            looks=looks_of,
        ),
        strategy,
    )
    return SearchDriver(
        test=test,
        searched=searched,
        model=model,
        optimizer=optimizer,
        engine=engine,
        budget=budget,
        tally=Tally(),
    )
