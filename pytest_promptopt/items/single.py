"""One case alone, for a look at what is sent and what comes back: no gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt.items.pending import Draw, Tally
from pytest_promptopt.items.prompt_test import Arm
from pytest_promptopt.items.sending import start
from pytest_promptopt.records import TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_promptopt.items.pending import Batch, Exchange
    from pytest_promptopt.items.prompt_test import PromptTest
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
        tally: What was asked of the model.
        batch: The one trial.
    """

    test: PromptTest
    case: Case
    model: NamedModel
    engine: Engine
    tally: Tally = field(default_factory=Tally)
    batch: Batch = field(default_factory=list)

    def run(self) -> Generator[Batch, None, TestResult]:
        """Judge the case and tell what happened."""
        arm = Arm(
            prompt=self.test.prompt, model=self.model, settings=self.test.settings
        )
        draw = Draw(purpose="case", run="", indices=range(1), tally=self.tally)
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
            notes=tuple(filter(None, [self.model.stand_in])),
        )

    def first_failure(self) -> BaseException | None:
        """Return what the body raised, so that pytest shows the user's own line."""
        judged = self.batch[0].judged if self.batch else None
        return judged.raised if judged is not None else None

    def _exchanges(self) -> list[Exchange]:
        pending = self.batch[0]
        if pending.completion is None:
            return pending.exchanges
        return [(self.test.prompt.render(self.case.inputs), pending.completion)]

    def _told(self) -> str:
        pending = self.batch[0]
        trial = pending.trial()
        lines = [f"case {self.case.id}  {self.case.place}".rstrip()]
        for messages, completion in self._exchanges():
            for message in messages:
                lines += [f"--- {message.role}", message.content]
            lines += ["--- reply", completion.text]
        returned = pending.judged.output if pending.judged is not None else None
        if returned is not None:
            lines += ["--- returned", returned]
        if len(lines) == 1:
            lines.append(
                "--- nothing to show: the body sent nothing with prompt.complete"
            )
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
