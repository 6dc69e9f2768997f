"""The way of one prompt test from plan to result, as a generator of batches.

It yields trials on their way; whoever drives it runs the body on each, in the main
thread or on an event loop, and sends nothing back: the outcome is on the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_promptopt import baseline as baselines
from pytest_promptopt import gate
from pytest_promptopt.baseline import Baseline, BaselineCase
from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.items.faults import fault_of, left_out
from pytest_promptopt.items.measuring import Draw, Tally, gathered, replies_of, start
from pytest_promptopt.items.prompt_test import Arm
from pytest_promptopt.looks import Look, render_look
from pytest_promptopt.prompts import Prompt
from pytest_promptopt.records import (
    SearchResult,
    TestResult,
    Verdict,
    digest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from concurrent.futures import Future

    from pytest_promptopt.items.measuring import Batch
    from pytest_promptopt.items.planning import Plan
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.searching import SearchDriver
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine, Reply
    from pytest_promptopt.records import Case, Edit, Trial, Trials


@dataclass(kw_only=True)
class Conduct:
    """What one prompt test is judged with.

    Attributes:
        test: The test.
        plan: How it is judged.
        model: The task model.
        model_named: Builds the model that a baseline names.
        engine: Answers requests.
        edited_tests: How many edited prompt tests share the error rate.
        strict: Whether a missing baseline fails (under ``CI``).
        report_only: Whether the gate never fails.
        today: ISO day, for a recording.
        search: Plans the search, if there is to be one.
        strategy: Name of the strategy, for a search that could not be planned.
        tally: What was asked of the models.
        batch: The trials of the arm under test, for the traceback of a failure.
    """

    test: PromptTest
    plan: Plan
    model: NamedModel
    model_named: Callable[[str], NamedModel]
    engine: Engine
    edited_tests: Callable[[], int]
    strict: bool
    report_only: bool
    today: str
    search: Callable[[], SearchDriver] | None = None
    strategy: str = ""
    tally: Tally = field(default_factory=Tally)
    batch: Batch = field(default_factory=list)
    started: Batch | None = None
    driver: SearchDriver | None = None
    files: dict[str, str] = field(default_factory=dict)

    def begin(self) -> Batch:
        """Send the first requests, if that has not happened in a look ahead."""
        if self.started is None:
            self.started = start(
                self.engine,
                self.arms(),
                self.draw(),
                calls_model=not self.test.takes_prompt,
            )
        return self.started

    def in_flight(self) -> list[Future[Reply]]:
        """Return the replies that have not come yet."""
        sent = replies_of(self.started or [])
        sent += self.driver.sent if self.driver is not None else []
        return [reply for reply in sent if not reply.done()]

    def draw(self) -> Draw:
        """Return the draws of the gate or the recording."""
        purpose = "baseline" if self.plan.mode == "record" else "gate"
        return Draw(
            purpose=purpose,
            run=self.plan.run,
            indices=range(self.plan.trials),
            tally=self.tally,
        )

    def arms(self) -> list[tuple[Arm, tuple[Case, ...]]]:
        """Return each arm with its cases: the one under test comes last."""
        if not hasattr(self, "_arms"):
            self._arms = self._make_arms()
        return self._arms

    def _make_arms(self) -> list[tuple[Arm, tuple[Case, ...]]]:
        if self.plan.mode == "unchanged":
            return []
        own = Arm(
            prompt=self.test.prompt, model=self.model, settings=self.test.settings
        )
        if self.plan.mode != "edited":
            cases = self.test.cases
            return [(own, self.plan.common if self.plan.mode == "unedited" else cases)]
        record = self.test.baseline
        if record is None:
            raise ValueError("an edited test has a baseline")
        old = Arm(
            prompt=Prompt.from_snapshot(record.prompt),
            model=self.model_named(record.model),
            settings=record.request,
        )
        return [(old, self.plan.common), (own, self.test.cases)]

    def run(self) -> Generator[Batch, None, TestResult]:
        """Judge the test, then search if there is to be a search."""
        verdict = yield from self._verdict()
        if self.report_only and verdict.outcome in ("fail", "inconclusive"):
            verdict = gate.report_only(verdict)
        result = self._result(verdict)
        if self.search is not None and verdict.outcome != "error":
            searched = yield from self._searched(self.search)
            result = self._with_search(result, searched)
        return result

    def _searched(
        self, plan_search: Callable[[], SearchDriver]
    ) -> Generator[Batch, None, SearchResult]:
        """Search; whatever goes wrong there leaves the verdict as it is."""
        try:
            self.driver = plan_search()
            return (yield from self.driver.run())
        except PromptOptError as error:
            return SearchResult(
                strategy=self.strategy,
                outcome="error",
                stopped="error",
                message=f"{error.problem}; {error.hint}",
            )

    def _with_search(self, result: TestResult, searched: SearchResult) -> TestResult:
        driver = self.driver
        self._keep_look(searched)
        best = searched.best_candidate
        unconfirmed: tuple[Edit, ...] = ()
        if searched.outcome == "unconfirmed" and best is not None:
            unconfirmed = self.test.prompt.edits(best)
        writer = driver.writer if driver is not None else None
        return replace(
            result,
            search=searched,
            paid=driver.tally.calls if driver is not None else 0,
            replayed=driver.tally.cached if driver is not None else 0,
            optimizer_model=writer.name if writer is not None else "",
            unconfirmed=unconfirmed,
            files=self.files,
            notes=self._notes(writer),
        )

    def _result(self, verdict: Verdict) -> TestResult:
        return TestResult(
            nodeid=self.test.nodeid,
            selector=self.test.selector,
            prompt=self.test.mark.label,
            model=self.model.name,
            verdict=verdict,
            calls=self.tally.calls,
            cached=self.tally.cached,
            files=self.files,
            notes=self._notes(None),
        )

    def _notes(self, writer: NamedModel | None) -> tuple[str, ...]:
        """Return what every report must say: stand-ins used, caches set aside."""
        stand_ins = [model.stand_in for model in (self.model, writer) if model]
        return tuple(dict.fromkeys(filter(None, [*stand_ins, *self.engine.notes])))

    def _keep_look(self, searched: SearchResult) -> None:
        """Have a use of the hold-out recorded, once per run."""
        if searched.look is None:
            return
        look = Look.at(**searched.look, date=self.today)
        if look.run not in {entry.run for entry in self.test.looks}:
            lines = [render_look(entry) for entry in (*self.test.looks, look)]
            self.files[str(self.test.looks_path)] = "".join(lines)

    def first_failure(self) -> BaseException | None:
        """Return what the body raised on the first wrong reply, with its traceback."""
        for pending in self.batch:
            judged = pending.judged
            if judged is None or judged.raised is None:
                continue
            if judged.broken or judged.score.value == 0.0:
                return judged.raised
        return None

    def _verdict(self) -> Generator[Batch, None, Verdict]:
        record = self.test.baseline
        if self.plan.mode == "unchanged" and record is not None:
            return gate.judge_unchanged(
                self.test.cases, record, min_score=self.test.mark.min_score
            )
        if self.plan.mode == "edited" and record is not None:
            try:
                self.model_named(record.model)
            except SettingError as error:
                return _not_comparable(record, error)
        batch = self.begin()
        self.batch = [entry for entry in batch if entry.arm is self.arms()[-1][0]]
        yield batch
        leaving = left_out(batch)
        if leaving is not None:
            raise leaving
        fault = fault_of(
            batch,
            takes_prompt=self.test.takes_prompt,
            file=self.test.nodeid.partition("::")[0],
        )
        if fault is not None:
            return fault
        trials = gathered(batch, self.arms())
        return self._explained(self._judged(record, trials), batch)

    def _judged(self, record: Baseline | None, trials: tuple[Trials, ...]) -> Verdict:
        mark, cases = self.test.mark, self.test.cases
        if self.plan.mode == "record":
            return self._recorded(trials[0])
        if record is None:
            return gate.judge_alone(
                cases, trials[0], min_score=mark.min_score, strict=self.strict
            )
        if self.plan.mode == "unedited":
            return gate.judge_unedited(
                cases, record, trials[0], min_score=mark.min_score
            )
        return gate.judge_edited(
            cases,
            record,
            trials[0],
            trials[1],
            edited_tests=max(1, self.edited_tests()),
            min_score=mark.min_score,
        )

    def _recorded(self, trials: Trials) -> Verdict:
        missing = [
            case_id
            for case_id, entries in trials.items()
            if any(trial.missing for trial in entries)
        ]
        if missing:
            return gate.error(
                "provider",
                f"{len(missing)} of {len(trials)} cases got no reply: nothing recorded",
            )
        record = self._record(trials)
        self.files[str(self.test.baseline_path)] = baselines.render(record)
        seen = gate.judge_alone(self.test.cases, trials, min_score=0.0, strict=False)
        return replace(
            seen,
            outcome="pass",
            cause="recorded",
            message=f"baseline recorded with {self.plan.trials} trials per case",
        )

    def _record(self, trials: Trials) -> Baseline:
        test = self.test
        parts = test.parts(self.model.identity)
        return Baseline(
            prompt=test.prompt.snapshot(),
            request=dict(test.settings),
            model=self.model.name,
            model_ids=tuple(sorted(self.tally.reported_models)),
            fingerprint=digest(parts),
            parts=parts,
            date=self.today,
            cases=tuple(
                BaselineCase(
                    id=case.id,
                    hash=case.hash,
                    must_pass=case.must_pass,
                    weight=case.weight,
                    values=tuple(trial.score.value for trial in trials[case.id]),
                    finish_reasons=_finish_reasons(trials[case.id]),
                )
                for case in test.cases
            ),
        )

    def _explained(self, verdict: Verdict, batch: Batch) -> Verdict:
        """Put the first model error into an error verdict's message."""
        lost = [entry for entry in batch if entry.lost is not None]
        if not lost:
            return verdict
        own = self.arms()[-1][0]
        new_lost = [entry for entry in lost if entry.arm is own]
        if not new_lost and self.plan.mode == "edited" and verdict.outcome == "error":
            return replace(
                verdict,
                outcome="inconclusive",
                cause="provider",
                message="the baseline's own model gave no reply, so nothing can be "
                f"compared: {lost[0].lost}",
            )
        if verdict.outcome != "error":
            return verdict
        first: PromptOptError | None = (new_lost or lost)[0].lost
        return replace(
            verdict,
            message=f"{len(lost)} of {len(batch)} requests got no reply\n{first}",
        )


def _not_comparable(record: Baseline, error: SettingError) -> Verdict:
    """Say that the baseline's own model cannot be called, so never pass."""
    return Verdict(
        outcome="inconclusive",
        cause="provider",
        message=f"the baseline was recorded with {record.model!r}, which cannot be "
        f"called ({error.problem}): record a new one with --promptopt-update-baseline",
        baseline_date=record.date,
    )


def _finish_reasons(trials: tuple[Trial, ...]) -> tuple[str, ...]:
    reasons = tuple(trial.finish_reason for trial in trials)
    return () if set(reasons) <= {"stop"} else reasons
