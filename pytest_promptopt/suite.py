"""The prompt tests of one process, with the models and the engine they share."""

from __future__ import annotations

import difflib
from concurrent.futures import wait
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.configuration import (
    settings_of,
    strategy_of,
    today,
    under_ci,
)
from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.gate import RECORDED_TRIALS
from pytest_promptopt.git import is_tracked
from pytest_promptopt.items.conduct import Conduct
from pytest_promptopt.items.places import roots
from pytest_promptopt.items.planning import edited, plan
from pytest_promptopt.items.prompt_test import PromptTest, load
from pytest_promptopt.items.reference import Reference, reference_of
from pytest_promptopt.items.roster import Roster
from pytest_promptopt.items.single import SingleCase
from pytest_promptopt.models.budget import Budget
from pytest_promptopt.models.engine import Engine
from pytest_promptopt.pull_request import base_of, fail_on
from pytest_promptopt.report.recording import Recording as Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.items.base_test import Base
    from pytest_promptopt.items.planning import Recording
    from pytest_promptopt.items.searching import SearchDriver
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.records import Case
    from pytest_promptopt.settings import Settings

LEAVING = (pytest.skip.Exception, pytest.fail.Exception, pytest.xfail.Exception)
"""What a callable that supplies cases may raise to leave its test."""

COMMITTED = (
    "the reply cache .promptopt/cache.sqlite is committed to git, so it is not used: "
    "git rm --cached it and ignore .promptopt/"
)

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
        self._tests: dict[str, PromptTest | BaseException] = {}
        self._references: dict[str, Reference | PromptOptError] = {}
        self._conducts: dict[str, Conduct] = {}
        self._engine: Engine | None = None

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

    @property
    def engine(self) -> Engine:
        """The engine, started at first use."""
        if self._engine is None:
            from pytest_promptopt.models.cache import Cache

            path = self.config.rootpath / ".promptopt" / "cache.sqlite"
            # Whoever commits replies decides what is measured.
            committed = path.exists() and is_tracked(path)
            self._engine = Engine(
                concurrency=self.settings.concurrency,
                cache=None if committed else Cache(path),
                notes=(COMMITTED,) if committed else (),
            )
        return self._engine

    def test_of(self, item: pytest.Item) -> PromptTest:
        """Read a prompt test, once.

        Raises:
            PromptOptError: It cannot be read.
        """
        if item.nodeid not in self._tests:
            try:
                self._tests[item.nodeid] = self._load(item)
            except (PromptOptError, *LEAVING) as error:
                self._tests[item.nodeid] = error
        found = self._tests[item.nodeid]
        if isinstance(found, BaseException):
            raise found
        return found

    def _load(self, item: pytest.Item) -> PromptTest:
        if not isinstance(item, pytest.Function):
            raise SettingError(
                f"{item.nodeid}: the prompt marker is not on a test function",
                "mark a function, or a method of a plain class",
            )
        return load(
            item,
            renewed=self.config.option.promptopt_update_baseline,
            defaults=self.settings.request,
            named_scorer=lambda name: self.config.hook.pytest_promptopt_scorer(
                config=self.config, name=name
            ),
        )

    def reference_for(self, item: pytest.Item) -> Reference:
        """Return what a prompt test is held against, read once.

        Raises:
            PromptOptError: The test or the base commit cannot be read.
        """
        if item.nodeid not in self._references:
            try:
                self._references[item.nodeid] = self._reference(item)
            except PromptOptError as error:
                self._references[item.nodeid] = error
        found = self._references[item.nodeid]
        if isinstance(found, PromptOptError):
            raise found
        return found

    def _reference(self, item: pytest.Item) -> Reference:
        test = self.test_of(item)
        model = self.models.task_model(test)
        base = None
        if self.base is not None:
            setting = self.models.setting(test)
            base = self.base.test(
                test,
                test_file=item.path,
                roots=roots(self.config, item.path),
                model_is_fixed=setting.origin.startswith("--"),
            )
        return reference_of(test, base, model_identity=model.identity)

    @cached_property
    def hypotheses(self) -> int:
        """How many edited prompt tests, and limits of theirs, there are."""
        return sum(map(self._hypotheses_of, self._collected))

    def _hypotheses_of(self, item: pytest.Item) -> int:
        try:
            test, reference = self.test_of(item), self.reference_for(item)
            if not edited(test, self.models.task_model(test), reference):
                return 0
            return 1 + len(reference.limits)
        except (PromptOptError, *LEAVING):
            return 1  # a test that cannot be read shares the error rate too

    def conduct_of(self, item: pytest.Item) -> Conduct:
        """Plan a prompt test, once.

        Raises:
            PromptOptError: It cannot be read, or its model is not known.
        """
        if item.nodeid not in self._conducts:
            self._conducts[item.nodeid] = self._conduct(item)
        return self._conducts[item.nodeid]

    def begin(self, item: pytest.Item) -> None:
        """Send a prompt test's first requests ahead of its own turn."""
        try:
            self.conduct_of(item).begin()
        except (Exception, *LEAVING):  # noqa: BLE001 - said when its own turn comes
            return

    def forget(self, item: pytest.Item) -> None:
        """Plan a prompt test anew when it is asked for again, from the same files."""
        self._conducts.pop(item.nodeid, None)

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

    def _conduct(self, item: pytest.Item) -> Conduct:
        option = self.config.option
        test, reference = self.test_of(item), self.reference_for(item)
        model = self.models.task_model(test)
        conduct = Conduct(
            test=test,
            plan=plan(
                test,
                model,
                reference,
                recording=self.recording,
                everything=option.promptopt_all,
                seed=self.settings.seed,
            ),
            reference=reference,
            model=model,
            model_named=self.models.named,
            prices=self.models.prices,
            engine=self.engine,
            hypotheses=lambda: self.hypotheses,
            strict=under_ci(),
            report_only=(reference.gate or self._gate) == "report",
            today=today(),
            recording=self.recording,
            reason=option.promptopt_reason,
        )
        if option.optimize_prompts:
            conduct.search = lambda: self._search(test, model)
            conduct.strategy = self.settings.strategy.value
        return conduct

    def _search(self, test: PromptTest, model: NamedModel) -> SearchDriver:
        from pytest_promptopt.items.searching import search_driver

        optimizer = self.settings.optimizer_model.value
        return search_driver(
            test,
            strategy=strategy_of(self.config, self.settings.strategy.value),
            settings=self.settings,
            budget=Budget(self.settings.budget // max(1, len(self.selected))),
            model=model,
            optimizer=lambda: self.models.named(optimizer or model.name, "optimizer"),
            engine=self.engine,
        )

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
                found.append(
                    Recorded(
                        name=test.name,
                        cases=len(test.cases),
                        trials=RECORDED_TRIALS,
                        model=model.name,
                        calls_known=not test.calls_itself,
                    )
                )
        return found

    def single(self, item: pytest.Function, case_id: str) -> SingleCase:
        """Plan one case of a prompt test alone; skip a test that does not have it.

        Raises:
            PromptOptError: The test cannot be read, or no selected test has the case.
        """
        test = self.test_of(item)
        found = [case for case in test.cases if case.id == case_id]
        if not found:
            self._check_case_id(case_id)
            pytest.skip(f"{test.mark.label} has no case {case_id!r}")
        return SingleCase(
            test=test,
            case=found[0],
            model=self.models.task_model(test),
            engine=self.engine,
        )

    def _check_case_id(self, case_id: str) -> None:
        known = {case.id for entry in self.selected for case in self._cases_of(entry)}
        if case_id not in known:
            close = difflib.get_close_matches(case_id, sorted(known), n=1)
            raise SettingError(
                f"no case {case_id!r} in the selected prompt tests",
                f"did you mean {close[0]!r}?" if close else "look into the case files",
            )

    def _cases_of(self, item: pytest.Item) -> tuple[Case, ...]:
        try:
            return self.test_of(item).cases
        except (PromptOptError, *LEAVING):
            return ()  # said when its own turn comes

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

    def close(self) -> tuple[str, ...]:
        """Join the engine's thread.

        Returns:
            What it has to say about the run, such as a cache that was set aside.
        """
        if self._engine is None:
            return ()
        notes = self._engine.notes
        self._engine.close()
        self._engine = None
        return tuple(notes)
