"""The way of one prompt test from plan to result, as a generator of batches.

It yields trials on their way; whoever drives it runs the body on each, in the main
thread or on an event loop, and sends nothing back: the outcome is on the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_promptopt import gate
from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.gate import Terms
from pytest_promptopt.items.explaining import (
    not_comparable,
    of_stale_record,
    with_acceptance,
    with_outage,
    with_switches,
)
from pytest_promptopt.items.labelling import labels_told
from pytest_promptopt.items.pending import Tally, gathered, replies_of
from pytest_promptopt.items.prompt_test import Arm
from pytest_promptopt.items.recording import kept, recorded
from pytest_promptopt.items.rounds import Members, Rounds
from pytest_promptopt.looks import Look, render_look
from pytest_promptopt.records import Redraw, SearchResult, TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from concurrent.futures import Future

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.pending import Batch
    from pytest_promptopt.items.planning import Plan, Recording
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.reference import Reference
    from pytest_promptopt.items.searching import SearchDriver
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine, Reply
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.records import Case, Edit, Trials


@dataclass(kw_only=True)
class Conduct:
    """What one prompt test is judged with.

    Attributes:
        test: The test.
        plan: How it is judged.
        reference: What it is held against.
        model: The task model.
        model_named: Builds the model that a baseline names.
        prices: Prices by model name.
        engine: Answers requests.
        hypotheses: How many edited prompt tests, and limits, share the error rate.
        strict: Whether a missing baseline fails (under ``CI``).
        report_only: Whether the gate never fails.
        today: ISO day, for a recording.
        recording: Which baselines are to be recorded, if any are.
        reason: Why a worse score is accepted, for a recording.
        search: Plans the search, if there is to be one.
        strategy: Name of the strategy, for a search that could not be planned.
        tally: What was asked of the models.
    """

    test: PromptTest
    plan: Plan
    reference: Reference
    model: NamedModel
    model_named: Callable[[str], NamedModel]
    prices: Mapping[str, Price]
    engine: Engine
    hypotheses: Callable[[], int]
    strict: bool
    report_only: bool
    today: str
    recording: Recording | None = None
    reason: str | None = None
    search: Callable[[], SearchDriver] | None = None
    strategy: str = ""
    tally: Tally = field(default_factory=Tally)
    driver: SearchDriver | None = None
    files: dict[str, str] = field(default_factory=dict)
    redraws: tuple[Redraw, ...] = ()

    @cached_property
    def rounds(self) -> Rounds:
        """The requests of the gate or the recording, sent round by round."""
        return Rounds(
            test=self.test,
            plan=self.plan,
            arms=self._arms(),
            engine=self.engine,
            tally=self.tally,
        )

    def begin(self) -> None:
        """Send the first requests, if that has not happened in a look ahead."""
        if self.plan.trials:
            self.rounds.begin()

    @property
    def has_begun(self) -> bool:
        """Whether the first requests were sent, in a look ahead."""
        return "rounds" in self.__dict__ and self.rounds.started is not None

    def in_flight(self) -> list[Future[Reply]]:
        """Return the replies that have not come yet."""
        sent = replies_of(self.rounds.sent) if self.has_begun else []
        sent += self.driver.sent if self.driver is not None else []
        return [reply for reply in sent if not reply.done()]

    def first_failure(self) -> BaseException | None:
        """Return what the body raised on the first wrong reply, with its traceback."""
        return self.rounds.first_failure() if self.has_begun else None

    def _arms(self) -> Members:
        own = Arm(
            prompt=self.test.prompt,
            model=self.model,
            settings=self.test.settings,
            price=self.prices.get(self.model.name),
        )
        if self.plan.mode != "edited":
            cases = self.test.cases
            return [(own, self.plan.common if self.plan.mode == "unedited" else cases)]
        record, prompt = self.reference.record, self.reference.prompt
        if record is None or prompt is None:
            raise ValueError("an edited test has a reference")
        old = Arm(
            prompt=prompt,
            model=self.model_named(self.reference.model),
            settings=self.reference.request,
            price=self.prices.get(self.reference.model),
        )
        return [(old, self.plan.common), (own, self.test.cases)]

    @property
    def terms(self) -> Terms:
        """What the comparison is held against."""
        reference = self.reference
        return Terms(
            hypotheses=max(1, self.hypotheses()),
            min_score=reference.min_score,
            limits=reference.limits,
            reference=reference.name,
        )

    def run(self) -> Generator[Batch, None, TestResult]:
        """Judge the test, then search if there is to be a search."""
        verdict = yield from self._verdict()
        if not self.recording:
            verdict = with_acceptance(verdict, self.test, self.reference)
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
            line=self.test.line,
            prompt=self.test.mark.label,
            model=self.model.name,
            verdict=verdict,
            calls=self.tally.calls,
            cached=self.tally.cached,
            files=self.files,
            notes=self._notes(None),
            redraws=self.redraws,
            remarks=() if self.recording else self.reference.remarks,
            labels=self._labels(verdict),
        )

    def _labels(self, verdict: Verdict) -> str:
        """Return how the labels of a classification did, in the arm under test."""
        if not self.has_begun or verdict.outcome == "error":
            return ""
        (trials,) = gathered(self.rounds.own, self.rounds.arms[-1:])
        return labels_told(self.test.mark.scorer, self.test.cases, trials)

    def _notes(self, writer: NamedModel | None) -> tuple[str, ...]:
        """Return what every report must say: stand-ins used, caches set aside."""
        stand_ins = [model.stand_in for model in (self.model, writer) if model]
        said = [*stand_ins, *self.engine.notes]
        if self.test.selection:
            said.append(f"{self.test.mark.label}: {self.test.selection}")
        return tuple(dict.fromkeys(filter(None, said)))

    def _keep_look(self, searched: SearchResult) -> None:
        """Have a use of the hold-out recorded, once per run."""
        if searched.look is None:
            return
        look = Look.at(**searched.look, date=self.today)
        if look.run not in {entry.run for entry in self.test.looks}:
            lines = [render_look(entry) for entry in (*self.test.looks, look)]
            self.files[str(self.test.looks_path)] = "".join(lines)

    def _verdict(self) -> Generator[Batch, None, Verdict]:
        record, mode = self.reference.record, self.plan.mode
        if self.recording is not None and mode == "kept":
            return kept(self.test, self.recording, self.terms)
        if mode == "unchanged" and record is not None:
            if self.reference.stale:
                return of_stale_record(self.test, record, None, self.reference)
            return gate.judge_unchanged(self.test.cases, record, self.terms)
        if mode == "edited" and record is not None:
            try:
                self.model_named(self.reference.model)
            except SettingError as error:
                return not_comparable(self.reference, error)
            compared = yield from self._compared(record)
            return with_switches(compared, self.test, self.model, self.reference)
        batch = self.rounds.begin()
        fault = yield from self.rounds.run_bodies(batch)
        if fault is not None:
            return fault
        (trials,) = gathered(batch, self.rounds.arms)
        return self._with_outage(self._judged_alone(record, trials))

    def _judged_alone(self, record: Baseline | None, trials: Trials) -> Verdict:
        test = self.test
        if self.plan.mode == "record":
            verdict, self.files = recorded(
                test,
                trials,
                model=self.model,
                tally=self.tally,
                today=self.today,
                reason=self.reason,
                terms=self.terms,
            )
            return verdict
        if record is None:
            return gate.judge_alone(
                test.cases,
                trials,
                min_score=self.reference.min_score,
                strict=self.strict,
                terms=self.terms,
            )
        if self.reference.stale:
            return of_stale_record(test, record, trials, self.reference)
        self.redraws = gate.redraws(test.cases, record, trials)
        return gate.judge_unedited(test.cases, record, trials, self.terms)

    def _compared(self, record: Baseline) -> Generator[Batch, None, Verdict]:
        """Compare both arms at one look or two, then settle ``must_pass`` cases."""
        cases, terms = self.test.cases, self.terms
        rounds = self.rounds
        for look in range(1, gate.LOOKS + 1):
            batch = rounds.begin() if look == 1 else rounds.send(self.plan.trials)
            fault = yield from rounds.run_bodies(batch)
            if fault is not None:
                return fault
            old, new = gathered(rounds.sent, rounds.arms)
            verdict = gate.judge_edited(cases, record, old, new, terms, look=look)
            if not gate.goes_on(verdict, look):
                break
        if not self.reference.stale:
            self.redraws = gate.redraws(cases, record, old)
        verdict = self._with_outage(verdict)
        doubtful = gate.doubtful_must_pass(cases, record, old, new)
        if not doubtful or verdict.outcome in ("fail", "error"):
            return verdict
        return (yield from self._retried(verdict, doubtful, (old, new)))

    def _with_outage(self, verdict: Verdict) -> Verdict:
        return with_outage(verdict, self.rounds.sent, self.rounds.arms[-1][0])

    def _retried(
        self,
        verdict: Verdict,
        doubtful: tuple[Case, ...],
        looks: tuple[Trials, Trials],
    ) -> Generator[Batch, None, Verdict]:
        """Decide about ``must_pass`` cases with a first failure by fresh trials."""
        arms = [(arm, doubtful) for arm, _ in self.rounds.arms]
        found, again = verdict, doubtful
        asked: Batch = []
        for _ in range(gate.ROUNDS):
            batch = self.rounds.send(gate.RETRIALS, [(arm, again) for arm, _ in arms])
            fault = yield from self.rounds.run_bodies(batch)
            if fault is not None:
                return fault
            asked += batch
            old, new = gathered(asked, arms)
            found = gate.with_retrials(verdict, doubtful, old, new, looks=looks)
            again = gate.doubtful_still(found, doubtful)
            if not again:
                break
        return found
