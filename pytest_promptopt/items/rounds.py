"""The requests of one prompt test, sent and judged round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt.errors import ProviderOutage
from pytest_promptopt.items.faults import fault_of, left_out
from pytest_promptopt.items.pending import Draw
from pytest_promptopt.items.sending import start

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_promptopt.items.pending import Batch, Tally
    from pytest_promptopt.items.planning import Plan
    from pytest_promptopt.items.prompt_test import Arm, PromptTest
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.engine import Engine
    from pytest_promptopt.records import Case, Verdict

Members = Sequence["tuple[Arm, tuple[Case, ...]]"]
"""Each arm with its cases; the arm under test comes last."""


@dataclass(kw_only=True)
class Rounds:
    """What has been asked so far; every round makes new draws.

    Attributes:
        test: The prompt test.
        plan: How it is judged.
        arms: Who is asked about which cases.
        engine: Answers requests.
        tally: Counts the replies.
        budget: What the calls are charged to; ``None``: no limit.
        started: The first round, once it was sent.
        sent: The trials of all rounds.
        own: Those of the arm under test whose bodies were run or begun.
    """

    test: PromptTest
    plan: Plan
    arms: Members
    engine: Engine
    tally: Tally
    budget: Budget | None = None
    started: Batch | None = None
    sent: Batch = field(default_factory=list)
    own: Batch = field(default_factory=list)
    _drawn: int = 0

    def begin(self) -> Batch:
        """Send the first round, if that has not happened in a look ahead."""
        if self.started is None:
            self.started = self.send(self.plan.trials)
        return self.started

    def send(self, trials: int, arms: Members | None = None) -> Batch:
        """Send another round.

        Args:
            trials: Fresh trials per case and arm.
            arms: Who is asked about which cases, if not all of them.

        Raises:
            TemplateError: A prompt does not render for a case.
        """
        draw = Draw(
            purpose="baseline" if self.plan.mode == "record" else "gate",
            run=self.plan.run,
            indices=range(self._drawn, self._drawn + trials),
            tally=self.tally,
            budget=self.budget,
            judge=self.test.judge,
        )
        batch = start(
            self.engine,
            self.arms if arms is None else arms,
            draw,
            calls_model=not self.test.calls_itself,
        )
        self._drawn += trials
        self.sent += batch
        return batch

    def run_bodies(self, batch: Batch) -> Generator[Batch, None, Verdict | None]:
        """Have the body run on every reply; return the fault of a broken test.

        Raises:
            pytest.skip.Exception: The body skipped itself on every reply.
        """
        under_test = self.arms[-1][0]
        self.own += [entry for entry in batch if entry.arm is under_test]
        yield batch
        leaving = left_out(batch)
        if leaving is not None and self.plan.mode == "record":
            raise type(leaving)(f"{leaving} (no baseline recorded)")
        if leaving is not None:
            raise leaving
        return fault_of(
            batch,
            calls_itself=self.test.calls_itself,
            file=self.test.nodeid.partition("::")[0],
        )

    @property
    def met_outage(self) -> bool:
        """Whether the provider was given up while requests waited for a reply."""
        return any(isinstance(entry.lost, ProviderOutage) for entry in self.sent)

    @property
    def most_sent(self) -> int:
        """How many requests the application sent in one trial at most, if it did."""
        return max((len(entry.exchanges) for entry in self.own), default=0)

    def release(self) -> None:
        """Forget all trials.

        The traceback of a body that failed leads to them, and they to the traceback:
        without this, they stay until the garbage collector looks through all objects.
        """
        for batch in (self.started, self.sent, self.own):
            if batch is not None:
                batch.clear()

    def first_failure(self) -> BaseException | None:
        """Return what the body raised on the first wrong reply, with its traceback."""
        for pending in self.own:
            judged = pending.judged
            if judged is None or judged.raised is None:
                continue
            if judged.broken or judged.score.value == 0.0:
                return judged.raised
        return None
