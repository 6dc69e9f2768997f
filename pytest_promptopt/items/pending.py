"""Trials on their way: what is asked, what came back, what is kept of it by case."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from pytest_promptopt.errors import BudgetExhausted, ModelError
from pytest_promptopt.items.measures import measures_of
from pytest_promptopt.records import Completion, Message, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from pytest_promptopt.items.body import Judged
    from pytest_promptopt.items.prompt_test import Arm
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.engine import Reply
    from pytest_promptopt.records import Case, Trials


@dataclass(slots=True)
class Tally:
    """What one prompt test has asked of the models.

    Attributes:
        calls: Requests that went out.
        cached: Replies that came from the cache.
        reported_models: Model ids that providers reported.
    """

    calls: int = 0
    cached: int = 0
    reported_models: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def count(self, reply: Reply) -> Completion:
        """Count a reply, from any thread, and return its completion."""
        with self._lock:
            if reply.cached:
                self.cached += 1
            else:
                self.calls += 1
        if reply.completion.model:
            self.reported_models.add(reply.completion.model)
        return reply.completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Which draws a measurement makes.

    Attributes:
        purpose: ``"gate"``, ``"baseline"``, ``"search"``, ``"holdout"`` or ``"case"``.
        run: Names the run whose draws these are.
        indices: Numbers of the trials.
        tally: Counts the replies.
        budget: What the calls are charged to; ``None``: no limit.
    """

    purpose: str
    run: str
    indices: range
    tally: Tally
    budget: Budget | None = None


Exchange = tuple[tuple[Message, ...], Completion]
"""Messages that were sent, and the reply to them."""


@dataclass(slots=True, kw_only=True)
class Pending:
    """One trial on its way.

    Attributes:
        arm: The arm it belongs to.
        case: The case.
        index: Number of the trial.
        draw: What it is for.
        reply: The reply to come; ``None`` where the body calls the model itself.
        judged: What the body made of it, once it has run.
        lost: Why no reply came, if none did.
        completion: The reply, once it has come.
        exchanges: What a live handle sent and got back, in the order of arrival.
    """

    arm: Arm
    case: Case
    index: int
    draw: Draw
    reply: Future[Reply] | None = None
    judged: Judged | None = None
    lost: ModelError | None = None
    completion: Completion | None = None
    exchanges: list[Exchange] = field(default_factory=list)

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
        return [completion for _, completion in self.exchanges]

    def _last_text(self) -> str:
        if self.completion is not None:
            return self.completion.text
        return self.exchanges[-1][1].text if self.exchanges else ""


Batch = list[Pending]


def replies_of(batch: Batch) -> list[Future[Reply]]:
    """Return the replies that a batch waits for."""
    return [pending.reply for pending in batch if pending.reply is not None]


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
