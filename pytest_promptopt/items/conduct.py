"""The way of one prompt test from plan to result, as a generator of batches.

It yields trials on their way; whoever drives it runs the body on each, in the main
thread or on an event loop, and sends nothing back: the outcome is on the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pytest_promptopt import gate
from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.items.arms import arms_of
from pytest_promptopt.items.judge_change import change_of, with_judge_change
from pytest_promptopt.items.pending import Tally, gathered, replies_of
from pytest_promptopt.items.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from concurrent.futures import Future

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.gate import Terms
    from pytest_promptopt.items.audit import Audit
    from pytest_promptopt.items.details import DetailsFolder
    from pytest_promptopt.items.pending import Batch
    from pytest_promptopt.items.planning import Plan, Recording
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.reference import Reference
    from pytest_promptopt.items.searching import SearchDriver
    from pytest_promptopt.models.budget import Budget
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.models.engine import Engine, Reply
    from pytest_promptopt.models.prices import Price
    from pytest_promptopt.records import (
        Redraw,
        SearchResult,
        TestResult,
        Trials,
        Verdict,
    )


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
        search: Plans the search, if there is to be one, from the requests in a trial.
        strategy: Name of the strategy, for a search that could not be planned.
        tally: What was asked of the models.
        budget: What the gate's calls are charged to; ``None``: no limit.
        audits: Whether it is found out how far a judge can be trusted.
        shows: ``"full"``, or ``"ids"``: texts of cases and replies are withheld.
        details: Where the cases are written that a report shows, if there is to be one.
        root: Pytest's root folder, which places in results are told from.
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
    search: Callable[[int], SearchDriver] | None = None
    strategy: str = ""
    tally: Tally = field(default_factory=Tally)
    budget: Budget | None = None
    audits: bool = True
    shows: Literal["full", "ids"] = "full"
    details: DetailsFolder | None = None
    root: Path = field(default_factory=Path)
    driver: SearchDriver | None = None
    files: dict[str, str] = field(default_factory=dict)
    redraws: tuple[Redraw, ...] = ()

    @cached_property
    def audit(self) -> Audit | None:
        """What is asked about the judge, if there is one."""
        if self.test.judge is None:
            return None
        from pytest_promptopt.items.audit import Audit

        return Audit(
            judge=self.test.judge,
            engine=self.engine,
            tally=self.tally,
            budget=self.budget,
            shows=self.shows,
        )

    @cached_property
    def rounds(self) -> Rounds:
        """The requests of the gate or the recording, sent round by round."""
        return Rounds(
            test=self.test,
            plan=self.plan,
            arms=arms_of(self),
            engine=self.engine,
            tally=self.tally,
            budget=self.budget,
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
        if self.audit is not None:
            sent += replies_of(self.audit.asked)
        if self.driver is not None:
            sent += [*self.driver.sent, *replies_of(self.driver.trials)]
        return [reply for reply in sent if not reply.done()]

    def first_failure(self) -> BaseException | None:
        """Return what the body raised on the first wrong reply, with its traceback."""
        return self.rounds.first_failure() if self.has_begun else None

    def release(self) -> None:
        """Forget the trials, once nobody looks at them any more."""
        if self.has_begun:
            self.rounds.release()

    @property
    def terms(self) -> Terms:
        """What the comparison is held against."""
        reference = self.reference
        from pytest_promptopt.gate import Terms

        return Terms(
            hypotheses=max(1, self.hypotheses()),
            min_score=reference.min_score,
            limits=reference.limits,
            reference=reference.name,
        )

    def run(self) -> Generator[Batch, None, TestResult]:
        """Judge the test, then search if there is to be a search."""
        verdict = yield from self._verdict()
        if self.audit is not None and self.has_begun and self.audits:
            verdict = yield from self.audit.run(verdict, self.rounds.own)
            self.files = {} if verdict.outcome == "error" else self.files
        from pytest_promptopt.items.explaining import with_acceptance, with_shortage

        if not self.recording:
            verdict = with_acceptance(verdict, self.test, self.reference)
        if self.has_begun:
            verdict = with_shortage(verdict, self.rounds.sent)
            self.files = {} if verdict.cause == "budget" else self.files
        if self.report_only and verdict.outcome in ("fail", "inconclusive"):
            verdict = gate.report_only(verdict)
        from pytest_promptopt.items.result import result_of, with_search

        result = result_of(self, verdict)
        if self.search is not None and verdict.outcome != "error":
            searched = yield from self._searched(self.search)
            result = with_search(self, result, searched)
        return result

    def _searched(
        self, plan_search: Callable[[int], SearchDriver]
    ) -> Generator[Batch, None, SearchResult]:
        """Search; whatever goes wrong there leaves the verdict as it is."""
        from pytest_promptopt.records import SearchResult
        from pytest_promptopt.report.bare_error import bare_problem

        try:
            self.driver = plan_search(self.rounds.most_sent if self.has_begun else 0)
            return (yield from self.driver.run())
        except PromptOptError as error:
            asking = self.driver.asking if self.driver is not None else ""
            who = f"{asking} could not be asked: " if asking else ""
            return SearchResult(
                strategy=self.strategy,
                outcome="error",
                stopped="error",
                message=f"{who}{error.problem}; {error.hint}",
                bare=who + bare_problem(error),
            )

    def _verdict(self) -> Generator[Batch, None, Verdict]:
        record, mode = self.reference.record, self.plan.mode
        if self.recording is not None and mode == "kept":
            from pytest_promptopt.items.recording import kept

            return kept(self.test, self.recording, self.terms)
        from pytest_promptopt.items.explaining import (
            not_comparable,
            of_other_prompts,
            of_stale_record,
            with_outage,
            with_switches,
        )

        if mode == "unchanged" and record is not None:
            if self.reference.stale:
                return of_stale_record(self.test, record, None, self.reference)
            return gate.judge_unchanged(self.test.cases, record, self.terms)
        if mode == "edited" and record is not None:
            from pytest_promptopt.items.delivery.comparable import of_other_places

            other = of_other_prompts(self.test, self.reference) or of_other_places(
                self.test, self.reference
            )
            if other is not None:
                return other
            try:
                self.model_named(self.reference.model)
            except SettingError as error:
                return not_comparable(self.reference, error)
            compared = yield from self._compared(record)
            switched = with_switches(compared, self.test, self.model, self.reference)
            return with_judge_change(switched, self.test, self.reference)
        batch = self.rounds.begin()
        fault = yield from self.rounds.run_bodies(batch)
        if fault is not None:
            return fault
        (trials,) = gathered(batch, self.rounds.arms)
        verdict = self._judged_alone(record, trials)
        return with_outage(verdict, self.rounds.sent, self.rounds.arms[-1][0])

    def _judged_alone(self, record: Baseline | None, trials: Trials) -> Verdict:
        test = self.test
        if self.plan.mode == "record":
            from pytest_promptopt.items.recording import recorded

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
            from pytest_promptopt.items.explaining import of_stale_record

            return of_stale_record(test, record, trials, self.reference)
        self.redraws = gate.redraws(test.cases, record, trials)
        return gate.judge_unedited(test.cases, record, trials, self.terms)

    def _compared(self, record: Baseline) -> Generator[Batch, None, Verdict]:
        from pytest_promptopt.items.comparison import Comparison

        comparison = Comparison(rounds=self.rounds, record=record, terms=self.terms)
        verdict = yield from comparison.run()
        known = not (self.reference.stale or change_of(self.test, record))
        if known and comparison.looks is not None:
            old, _ = comparison.looks
            self.redraws = gate.redraws(self.test.cases, record, old)
        return verdict
