"""One case alone, for a look at what is sent and what comes back: no gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt.items.judge import grades_itself
from pytest_promptopt.items.pending import Draw, Tally
from pytest_promptopt.items.prompt_test import Arm
from pytest_promptopt.items.sending import start
from pytest_promptopt.records import TestResult, Verdict
from pytest_promptopt.report.exchanges import exchange_lines

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_promptopt.items.pending import Batch, Exchange
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine
    from pytest_promptopt.records import Case


@dataclass(kw_only=True)
class SingleCase:
    """One case of one prompt test.

    Attributes:
        test: The test.
        case: The case.
        model: The task model.
        engine: Answers requests.
        budget: What the calls are taken from; ``None``: no limit.
        tally: What was asked of the model.
        batch: The one trial.
    """

    test: PromptTest
    case: Case
    model: NamedModel
    engine: Engine
    budget: Budget | None = None
    tally: Tally = field(default_factory=Tally)
    batch: Batch = field(default_factory=list)

    def run(self) -> Generator[Batch, None, TestResult]:
        """Judge the case and tell what happened."""
        arm = Arm(
            prompt=self.test.prompt, model=self.model, settings=self.test.settings
        )
        draw = Draw(
            purpose="case",
            run="",
            indices=range(1),
            tally=self.tally,
            budget=self.budget,
            judge=self.test.judge,
        )
        self.batch = start(
            self.engine,
            [(arm, (self.case,))],
            draw,
            calls_model=not self.test.calls_itself,
        )
        yield self.batch
        lost = self.batch[0].lost
        if lost is not None:
            raise lost
        return TestResult(
            nodeid=self.test.nodeid,
            selector=self.test.selector,
            prompt=self.test.mark.label,
            model=self.model.name,
            verdict=Verdict(outcome="pass", cause="one case", message=self._told()),
            calls=self.tally.calls,
            cached=self.tally.cached,
            notes=tuple(filter(None, [self._stand_in, *self._warnings()])),
        )

    def first_failure(self) -> BaseException | None:
        """Return what the body raised, so that pytest shows the user's own line."""
        judged = self.batch[0].judged if self.batch else None
        return judged.raised if judged is not None else None

    def _exchanges(self) -> list[Exchange]:
        pending = self.batch[0]
        if pending.completion is None:
            return pending.exchanges
        return [(self.test.prompt.render(self.case.inputs), pending.completion, "")]

    @property
    def _stand_in(self) -> str:
        return self.model.stand_in if self.test.mark.deliver == "argument" else ""

    def _warnings(self) -> list[str]:
        return [remark.text for remark in grades_itself(self.test, self.model)]

    def _nothing_shown(self) -> str:
        if self.test.mark.deliver != "argument":
            return "--- nothing to show: the application makes its own calls"
        return (
            "--- nothing to show: the body sent nothing with prompt.complete or "
            "prompt.send"
        )

    def _told(self) -> str:
        pending = self.batch[0]
        trial = pending.trial()
        lines = [f"case {self.case.id}  {self.case.place}".rstrip()]
        lines += exchange_lines(self._exchanges())
        returned = pending.judged.output if pending.judged is not None else None
        if returned is not None:
            lines += ["--- returned", returned]
        if len(lines) == 1:
            lines.append(self._nothing_shown())
        if pending.inquiry is not None:
            lines += pending.inquiry.shown()
        score = trial.score
        value = "unscored" if score.value is None else f"{score.value:g}"
        expected = (
            f", expected {self.case.expected!r}" if self.case.has_expected else ""
        )
        lines.append(f"--- score {value}{expected}")
        if score.reason:
            lines.append(score.reason)
        lines += [f"    {name}: {part:g}" for name, part in score.parts.items()]
        return "\n".join(lines)
