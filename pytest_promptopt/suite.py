"""The prompt tests of one process, with the models and the engine they share."""

from __future__ import annotations

from concurrent.futures import wait
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.configuration import settings_of, today, under_ci
from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.gate import RECORDED_TRIALS
from pytest_promptopt.items import interruption
from pytest_promptopt.items.allowance import Allowance
from pytest_promptopt.items.collection import LEAVING, Collection
from pytest_promptopt.items.conduct import Conduct
from pytest_promptopt.items.disclosure import Disclosure
from pytest_promptopt.items.planning import plan
from pytest_promptopt.items.roster import Roster
from pytest_promptopt.items.searches import Searches
from pytest_promptopt.models.engine import CLOSE_S, Engine
from pytest_promptopt.pull_request import base_of, fail_on, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.items.base_test import Base
    from pytest_promptopt.items.details import DetailsFolder
    from pytest_promptopt.items.planning import Plan, Recording
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.reference import Reference
    from pytest_promptopt.items.single import SingleCase
    from pytest_promptopt.items.watching import Watch
    from pytest_promptopt.report.recording import Recording as Recorded
    from pytest_promptopt.settings import Settings

HURRY_S = 0.2
"""Longest wait for the engine's end after Ctrl-C, in seconds."""

DRAIN_S = 10.0
"""Longest wait for replies that nobody waits for any more, in seconds."""


class PromptSuite:
    """Reads and plans prompt tests, each once, and owns what they share.

    Args:
        config: The pytest configuration.
        collected: All collected prompt tests, also those that ``-k`` takes away
            later: they share the error rate.

    Attributes:
        selected: Those that will run.
    """

    def __init__(self, config: pytest.Config, collected: Sequence[pytest.Item]) -> None:
        self.config = config
        self.selected: Sequence[pytest.Item] = collected
        self._collected = tuple(collected)
        self._plans: dict[str, Plan] = {}
        self._conducts: dict[str, Conduct] = {}
        self._engine: Engine | None = None
        self._interrupted = ""

    @cached_property
    def settings(self) -> Settings:
        """The run's settings."""
        return settings_of(self.config)

    @cached_property
    def models(self) -> Roster:
        """The run's models."""
        return Roster(self.config, self.settings)

    @cached_property
    def base(self) -> Base | None:
        """The base commit of a pull request, if the run has one."""
        return base_of(self.config)

    @cached_property
    def fail_on(self) -> frozenset[str]:
        """What fails the run beside a worse prompt: a pull request cannot weaken it.

        Raises:
            SettingError: The base commit cannot be found.
        """
        return fail_on(self.config, self.settings)

    @cached_property
    def disclosure(self) -> Disclosure:
        """What lets out only what may be shown."""
        return Disclosure(self.config, lambda: shown(self.config))

    @cached_property
    def _details(self) -> DetailsFolder | None:
        """Where the cases are written that reports show, if there are to be reports."""
        if not self.config.option.promptopt_report:
            return None
        from pytest_promptopt.items.details import DetailsFolder

        return DetailsFolder.of(self.config)

    @cached_property
    def allowance(self) -> Allowance:
        """What the run may spend."""
        return Allowance(self)

    @cached_property
    def searches(self) -> Searches:
        """What plans the searches."""
        return Searches(self)

    @property
    def engine(self) -> Engine:
        """The engine, started at first use."""
        if self._engine is None:
            from pytest_promptopt.reply_cache import cache_of

            cache, notes = cache_of(self.config.rootpath, self.settings)
            self._engine = Engine(
                concurrency=self.settings.concurrency,
                cache=cache,
                notes=notes,
                processes=self.settings.processes,
            )
        return self._engine

    @cached_property
    def watch(self) -> Watch:
        """What shows how far the run is."""
        from pytest_promptopt.progress import watch_for

        return watch_for(
            self.config, lambda: self._engine.repeated if self._engine else 0
        )

    @cached_property
    def tests(self) -> Collection:
        """The collected prompt tests."""
        return Collection(
            self.config,
            self._collected,
            models=self.models,
            base=lambda: self.base,
            request=self.settings.request,
        )

    def test_of(self, item: pytest.Item) -> PromptTest:
        """Read a prompt test, once.

        Raises:
            PromptOptError: It cannot be read.
        """
        return self.tests.test_of(item)

    def reference_for(self, item: pytest.Item) -> Reference:
        """Return what a prompt test is held against, read once.

        Raises:
            PromptOptError: The test or the base commit cannot be read.
        """
        return self.tests.reference_for(item)

    def conduct_of(self, item: pytest.Item) -> Conduct:
        """Plan a prompt test, once.

        Raises:
            PromptOptError: It cannot be read, or its model is not known.
        """
        if item.nodeid not in self._conducts:
            self._conducts[item.nodeid] = self._conduct(item)
        return self._conducts[item.nodeid]

    def plan_of(self, item: pytest.Item) -> Plan:
        """Decide how a prompt test is judged, once.

        Raises:
            PromptOptError: It cannot be read, or its model is not known.
        """
        if item.nodeid not in self._plans:
            test = self.test_of(item)
            self._plans[item.nodeid] = plan(
                test,
                self.models.task_model(test),
                self.reference_for(item),
                recording=self.recording,
                everything=self.config.option.promptopt_all,
                seed=self.settings.seed,
            )
        return self._plans[item.nodeid]

    def begin(self, item: pytest.Item) -> None:
        """Send a prompt test's first requests ahead of its own turn."""
        try:
            self.conduct_of(item).begin()
        except (Exception, *LEAVING):  # noqa: BLE001 - said when its own turn comes
            return

    def forget(self, item: pytest.Item) -> None:
        """Plan a prompt test anew when it is asked for again, from the same files."""
        self._conducts.pop(item.nodeid, None)

    def let_go(self, item: pytest.Item) -> None:
        """Give back the memory of a prompt test's trials, if none is under way."""
        conduct = self._conducts.get(item.nodeid)
        if conduct is not None and not conduct.in_flight():
            del self._conducts[item.nodeid]
            conduct.release()

    @property
    def recording(self) -> Recording | None:
        """Which baselines are to be recorded, if any are."""
        option = self.config.option
        if not option.promptopt_update_baseline:
            return None
        only: Recording = option.promptopt_baseline_only or "all"
        return only

    @cached_property
    def _gate(self) -> str:
        """What the ini key says: on a pull request the base's, which it cannot relax.

        What is typed is no part of a pull request's files.
        """
        if self.base is None or self.config.option.promptopt_gate_typed:
            return self.settings.gate
        return self.base.settings.get("promptopt_gate", "enforce")

    @cached_property
    def skips_outages(self) -> bool:
        """Whether what an outage keeps from being judged is skipped; as for the gate.

        Never in a recording, which somebody waits for.
        """
        if self.recording is not None:
            return False
        if self.base is None or self.config.option.promptopt_on_outage_typed:
            return self.settings.on_outage == "skip"
        return self.base.settings.get("promptopt_on_outage", "fail") == "skip"

    def _conduct(self, item: pytest.Item) -> Conduct:
        option = self.config.option
        test, reference = self.test_of(item), self.reference_for(item)
        model, planned = self.models.task_model(test), self.plan_of(item)
        if planned.trials:
            self.allowance.check(test)
        conduct = Conduct(
            test=test,
            plan=planned,
            reference=reference,
            model=model,
            model_named=self.models.named,
            prices=self.models.prices,
            engine=self.engine,
            hypotheses=lambda: self.tests.hypotheses,
            strict=under_ci(),
            report_only=(reference.gate or self._gate) == "report",
            today=today(),
            recording=self.recording,
            reason=option.promptopt_reason,
            budget=self.allowance.gate_of(test),
            shows=self.disclosure.shown.value,
            details=self._details,
            root=self.config.rootpath,
        )
        if option.optimize_prompts:
            conduct.search = lambda sends: self.searches.driver(item, model, sends)
            conduct.strategy = self.settings.strategy.value
        return conduct

    def recordings(self) -> list[Recorded]:
        """Return what the selected prompt tests will ask for to be recorded."""
        found = []
        for item in self.selected:
            try:
                test = self.test_of(item)
                model = self.models.task_model(test)
                records = self.conduct_of(item).plan.mode == "record"
            except (PromptOptError, *LEAVING):
                continue  # said when its own turn comes
            if records:
                from pytest_promptopt.items.judge import most_judged
                from pytest_promptopt.report.recording import Recording as Recorded

                found.append(
                    Recorded(
                        name=test.name,
                        cases=len(test.cases),
                        trials=RECORDED_TRIALS,
                        model=model.name,
                        calls_known=not test.calls_itself,
                        judged=most_judged(test, len(test.cases) * RECORDED_TRIALS),
                    )
                )
        return found

    def single(self, item: pytest.Function, case_id: str) -> SingleCase:
        """Plan one case of a prompt test alone; skip a test that does not have it.

        Raises:
            PromptOptError: The test cannot be read, or no selected test has the case.
        """
        self.disclosure.check_look()
        test = self.test_of(item)
        found = [case for case in test.cases if case.id == case_id]
        if not found:
            self.tests.check_case_id(case_id, self.selected)
            pytest.skip(f"{test.mark.label} has no case {case_id!r}")
        from pytest_promptopt.items.single import SingleCase

        return SingleCase(
            test=test,
            case=found[0],
            model=self.models.task_model(test),
            engine=self.engine,
            budget=self.allowance.gates,
        )

    def drain(self) -> None:
        """See that no request is in flight, since an ordinary test comes next.

        Left are those of tests that were skipped or stopped: what is not sent yet
        never is, and a model that hangs must not hold up the tests that do not use it.
        """
        replies = [
            reply
            for conduct in self._conducts.values()
            for reply in conduct.in_flight()
        ]
        wait([reply for reply in replies if not reply.cancel()], timeout=DRAIN_S)

    def interrupt(self) -> str:
        """Stop paying at once, and return what was done until then.

        Returns:
            Empty if no prompt test was begun: faults of collection end a run, too.
        """
        if self._conducts and not self._interrupted:
            self._interrupted = interruption.told(self._conducts.values())
            self.close(HURRY_S)
        return self._interrupted

    def close(self, within_s: float = CLOSE_S) -> tuple[str, ...]:
        """Join the engine's thread.

        Args:
            within_s: Longest wait for it.

        Returns:
            What it has to say about the run, such as a cache that was set aside.
        """
        if "watch" in vars(self):
            self.watch.close()
        self._conducts.clear()  # else the interpreter searches them at its end
        vars(self).pop("tests", None)
        self._plans.clear()
        if self._engine is None:
            return ()
        notes = self._engine.notes
        self._engine.close(within_s)
        self._engine = None
        self.allowance.close()
        del self.allowance
        return tuple(notes)
