"""Trials on their way: what is asked, what came back, what is kept of it by case."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from pytest_promptopt.errors import BudgetExhausted, ModelError
from pytest_promptopt.items.measures import measures_of
from pytest_promptopt.records import Completion, Message, Trial, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from pytest_promptopt.items.body import Judged
    from pytest_promptopt.items.grading import Inquiry
    from pytest_promptopt.items.judge import Judge
    from pytest_promptopt.items.prompt_test import Arm
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.engine import Reply
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.records import Case, Trials


@dataclass(slots=True)
class Tally:
    """What one prompt test has asked of the models.

    Attributes:
        calls: Requests that went out.
        cached: Replies that came from the cache.
        reported_models: Model ids that providers reported.
        cost: What the requests cost, in US dollars; ``None``: not known.
        runs: Bodies that sent nothing themselves, or called an application that has
            its text in another way: it made calls of its own.
        judge_calls: Those of the requests that went to a judge.
        judge_cached: Those of the replies from the cache that were a judge's.
        judge_cost: What the judge's calls cost, in US dollars; ``None``: not known.
    """

    calls: int = 0
    cached: int = 0
    reported_models: set[str] = field(default_factory=set)
    cost: float | None = 0.0
    runs: int = 0
    judge_calls: int = 0
    judge_cached: int = 0
    judge_cost: float | None = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def count(self, reply: Reply, price: Price | None = None) -> Completion:
        """Count a reply, from any thread, and return its completion.

        Args:
            reply: The reply.
            price: What the model costs, if that is known.
        """
        self._add(reply, price)
        if reply.completion.model:
            self.reported_models.add(reply.completion.model)
        return reply.completion

    def count_run(self) -> None:
        """Count a body whose application made its own calls, from any thread."""
        with self._lock:
            self.runs += 1

    def count_judge(self, reply: Reply, price: Price | None) -> Completion:
        """Count a reply of a judge, whose model the record does not name.

        Args:
            reply: The reply.
            price: What the judge's model costs, if that is known.
        """
        self._add(reply, price)
        if reply.cached:
            self.judge_cached += 1
            return reply.completion
        self.judge_calls += 1
        self.judge_cost = _with(self.judge_cost, reply, price)
        return reply.completion

    def _add(self, reply: Reply, price: Price | None) -> None:
        with self._lock:
            if reply.cached:
                self.cached += 1
            else:
                self.calls += 1
                self.cost = _with(self.cost, reply, price)


def _with(cost: float | None, reply: Reply, price: Price | None) -> float | None:
    """Return a cost with that of one more reply; ``None``: not known."""
    usage = reply.completion.usage
    if cost is None or price is None or (usage == Usage() and price.is_any):
        return None
    return cost + price.cost(usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Which draws a measurement makes.

    Attributes:
        purpose: ``"gate"``, ``"baseline"``, ``"search"``, ``"holdout"`` or ``"case"``.
        run: Names the run whose draws these are.
        indices: Numbers of the trials.
        tally: Counts the replies.
        budget: What the calls are charged to; ``None``: no limit.
        judge: Who scores the replies, where a model is asked.
    """

    purpose: str
    run: str
    indices: range
    tally: Tally
    budget: Budget | None = None
    judge: Judge | None = None


Exchange = tuple[tuple[Message, ...], Completion, str]
"""Messages that were sent, the reply to them, the name of the prompt if it has one."""


@dataclass(slots=True, kw_only=True)
class Pending:
    """One trial on its way.

    Attributes:
        arm: The arm it belongs to.
        case: The case.
        index: Number of the trial.
        draw: What it is for.
        reply: The reply to come; ``None`` where the body calls the model itself.
        known: The reply, where the cache had it.
        judged: What the body made of it, once it has run.
        lost: Why no reply came, if none did.
        completion: The reply, once it has come.
        exchanges: What a live handle sent and got back, in the order of sending.
        inquiry: What a judge is asked about the reply, once that has been sent.
    """

    arm: Arm
    case: Case
    index: int
    draw: Draw
    reply: Future[Reply] | None = None
    known: Reply | None = None
    judged: Judged | None = None
    lost: ModelError | None = None
    completion: Completion | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    inquiry: Inquiry | None = None

    def trial(self) -> Trial:
        """Return what is kept of it."""
        if self.lost is not None:
            cause = "budget" if isinstance(self.lost, BudgetExhausted) else "provider"
            return Trial.lost(f"{cause}: {self.lost.problem}")
        judged = self.judged
        if judged is None:
            return Trial.lost("not run")
        if judged.broken and judged.score.value is None:
            return Trial.lost(f"test: {judged.score.reason}")
        output = judged.output
        if output is None:
            output = self._last_text()
        finish = (
            self.completion.finish_reason if self.completion is not None else "stop"
        )
        return Trial(
            score=judged.score,
            output=output,
            finish_reason=finish,
            measures=measures_of(
                judged.score, self._completions(), self.arm.price, output=output
            ),
        )

    def _completions(self) -> list[Completion]:
        """Return every reply that the trial took."""
        if self.completion is not None:
            return [self.completion]
        return [completion for _, completion, _ in self.exchanges]

    def _last_text(self) -> str:
        if self.completion is not None:
            return self.completion.text
        return self.exchanges[-1][1].text if self.exchanges else ""


Batch = list[Pending]


def replies_of(batch: Batch) -> list[Future[Reply]]:
    """Return the replies that a batch waits for."""
    replies = [pending.reply for pending in batch if pending.reply is not None]
    for pending in batch:
        replies += pending.inquiry.coming if pending.inquiry is not None else ()
    return replies


def gathered(
    batch: Batch, arms: Sequence[tuple[Arm, Sequence[Case]]]
) -> tuple[Trials, ...]:
    """Return each arm's trials by case id, in the order of its cases and indices."""
    by_arm: dict[int, dict[str, list[Trial]]] = {
        id(arm): {case.id: [] for case in cases} for arm, cases in arms
    }
    for pending in batch:
        by_arm[id(pending.arm)][pending.case.id].append(pending.trial())
    return tuple(
        {case_id: tuple(trials) for case_id, trials in by_arm[id(arm)].items()}
        for arm, _ in arms
    )
