"""Carrying out what a search asks for: requests to the optimizer model, trials."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import BudgetExhausted, ModelError
from pytest_promptopt.items.earlier import earlier_versions
from pytest_promptopt.items.embedding import Embedder
from pytest_promptopt.items.experience import experience_of
from pytest_promptopt.items.pending import Draw, Tally, gathered, replies_of
from pytest_promptopt.items.prompt_test import Arm
from pytest_promptopt.items.search_plan import search_plan
from pytest_promptopt.items.sending import awaited, start
from pytest_promptopt.items.watching import UNSEEN
from pytest_promptopt.models.engine import Call
from pytest_promptopt.models.prices import FREE
from pytest_promptopt.optimize import Complete, Embed, Measure, search

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from pytest_promptopt.items.journal_file import JournalFile
    from pytest_promptopt.items.pending import Batch
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.share import Share
    from pytest_promptopt.items.watching import Watch
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine, Reply
    from pytest_promptopt.models.vectors import Vectors
    from pytest_promptopt.optimize import Strategy
    from pytest_promptopt.records import Completion, SearchResult, Trials
    from pytest_promptopt.settings import Settings

Searched = Generator["Complete | Embed | Measure", Any, "SearchResult"]


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
        trials: The trials whose judge it may wait for.
        writer: The optimizer model, once it was asked.
        watch: Is told how far the search is.
        journal: What the journal of the search is written to.
        embedder: Tells which texts are alike, if a model is set for that.
        asking: Who is asked, for messages; empty as long as nobody is.
    """

    test: PromptTest
    searched: Searched
    model: NamedModel
    optimizer: Callable[[], NamedModel]
    engine: Engine
    budget: Budget
    tally: Tally
    sent: list[Future[Reply]] = field(default_factory=list)
    trials: Batch = field(default_factory=list)
    writer: NamedModel | None = None
    watch: Watch = UNSEEN
    journal: JournalFile
    embedder: Embedder | None = None
    asking: str = ""

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
            elif isinstance(effect, Embed):
                answer, fault = self._embed(effect)
            else:
                answer, fault = yield from self._measure(effect)

    def _embed(self, effect: Embed) -> tuple[Vectors | None, ModelError | None]:
        return self.embedder.vectors(effect) if self.embedder else (None, None)

    def _with_texts(self, result: SearchResult) -> SearchResult:
        best = result.best_candidate
        if result.outcome != "unconfirmed" or best is None:
            return result
        return replace(result, best_texts=self.test.prompt.supplied_texts(best))

    def _complete(
        self, effect: Complete
    ) -> tuple[tuple[Completion | None, ...], ModelError | None]:
        self.asking = "the optimizer model"
        optimizer = self.writer = self.optimizer()
        prices = self.budget.prices
        price = FREE if optimizer.costs_nothing else prices.get(optimizer.name)
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
            self.watch.until(reply)
            try:
                reply_of_it = awaited(reply, optimizer)
                answers.append(self.tally.count(reply_of_it, price))
            except ModelError as error:
                if not error.retryable:  # the next request would meet the same end
                    fault = error
                answers.append(None)
        return tuple(answers), fault

    def _measure(
        self, effect: Measure
    ) -> Generator[Batch, None, tuple[tuple[Trials, ...], ModelError | None]]:
        self.asking = "the task model"
        arms = [
            (
                Arm(
                    prompt=self.test.prompt.replacing(candidate),
                    model=self.model,
                    settings=self.test.settings,
                    price=self.budget.prices.get(self.model.name),
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
            judge=self.test.judge,
        )
        batch = start(self.engine, arms, draw, calls_model=not self.test.calls_itself)
        self.sent[:] = replies_of(batch)
        self.trials = batch
        yield batch
        spent = [
            entry.lost for entry in batch if isinstance(entry.lost, BudgetExhausted)
        ]
        return gathered(batch, arms), spent[0] if spent else None


def search_driver(  # noqa: PLR0913 - keyword-only, each a part of its own
    test: PromptTest,
    *,
    strategy: Strategy,
    chosen: str = "",
    settings: Settings,
    share: Share,
    sends: int = 0,
    journal: JournalFile,
    roots: Sequence[Path] = (),
    model: NamedModel,
    optimizer: Callable[[], NamedModel],
    embeddings: NamedModel | None = None,
    engine: Engine,
) -> SearchDriver:
    """Plan the search of one prompt test.

    Args:
        test: The prompt test.
        strategy: Proposes candidates.
        chosen: Why it was chosen; empty where the settings name it.
        settings: The run's settings.
        share: What it may spend.
        sends: Requests of the application in one trial at most, if that is known.
        journal: What the journal of the search is written to.
        roots: Folders that relative sources are looked for in.
        model: The task model.
        optimizer: Builds the model that writes candidates.
        embeddings: Tells which texts are alike, if it is set.
        engine: Answers requests.
    """
    tally = Tally()
    plan = replace(
        search_plan(test, settings, share, sends=sends),
        embeds=embeddings is not None,
        chosen=chosen,
        tell=journal.tell,
        spent=lambda: tally.cost,
        earlier=(
            earlier_versions(test, roots)
            if getattr(strategy, "wants_earlier", False)
            else ()
        ),
    )
    plan = replace(plan, experience=experience_of(journal.path, plan, strategy))
    searched = search(plan, strategy)
    embedder = None
    if embeddings is not None:
        embedder = Embedder(
            model=embeddings, engine=engine, budget=share.budget, tally=tally
        )
    return SearchDriver(
        test=test,
        searched=searched,
        model=model,
        optimizer=optimizer,
        engine=engine,
        budget=share.budget,
        tally=tally,
        journal=journal,
        embedder=embedder,
    )
