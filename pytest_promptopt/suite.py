"""The prompt tests of one process, with the models and the engine they share."""

from __future__ import annotations

import datetime as dt
import difflib
from concurrent.futures import wait
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.configuration import settings_of, strategy_of, under_ci
from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.items.conduct import Conduct
from pytest_promptopt.items.planning import edited, plan
from pytest_promptopt.items.prompt_test import PromptTest, load
from pytest_promptopt.items.single import SingleCase
from pytest_promptopt.models import no_model_error, providers_from, resolve_model
from pytest_promptopt.models.budget import Budget
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.engine import Engine
from pytest_promptopt.settings import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.items.searching import SearchDriver
    from pytest_promptopt.models import Provider
    from pytest_promptopt.records import Case
    from pytest_promptopt.settings import Settings

LEAVING = (pytest.skip.Exception, pytest.fail.Exception, pytest.xfail.Exception)
"""What a callable that supplies cases may raise to leave its test."""

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
        self._conducts: dict[str, Conduct] = {}
        self._models: dict[tuple[str, str], NamedModel] = {}
        self._engine: Engine | None = None

    @cached_property
    def settings(self) -> Settings:
        """The run's settings."""
        return settings_of(self.config)

    @cached_property
    def providers(self) -> Mapping[str, Provider]:
        """The endpoints that model names may refer to."""
        return providers_from(self.settings.providers)

    @property
    def engine(self) -> Engine:
        """The engine, started at first use."""
        if self._engine is None:
            from pytest_promptopt.models.cache import Cache

            cache = Cache(self.config.rootpath / ".promptopt" / "cache.sqlite")
            self._engine = Engine(concurrency=self.settings.concurrency, cache=cache)
        return self._engine

    def model(self, name: str, role: str = "task") -> NamedModel:
        """Return the model behind a name, from the hook or the built-in providers.

        Raises:
            SettingError: Nobody supplies the name.
        """
        if (name, role) not in self._models:
            chat = self.config.hook.pytest_promptopt_model(
                config=self.config, name=name, role=role
            )
            self._models[name, role] = (
                resolve_model(name, providers=self.providers)
                if chat is None
                else NamedModel(name=name, chat=chat)
            )
        return self._models[name, role]

    def model_of(self, test: PromptTest) -> NamedModel:
        """Return the task model of one test: option, marker, ini.

        Raises:
            SettingError: None is set, or nobody supplies it.
        """
        name = resolve(
            "promptopt_model",
            cli=self.config.getoption("promptopt_model", None),
            marker=test.mark.model,
            ini=self.config.getini("promptopt_model"),
            default=None,
        ).value
        if name is None:
            raise no_model_error()
        return self.model(name)

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

    @cached_property
    def edited_tests(self) -> int:
        """How many of the collected prompt tests are edited."""
        return sum(map(self._is_edited, self._collected))

    def _is_edited(self, item: pytest.Item) -> bool:
        try:
            test = self.test_of(item)
            if test.baseline is None:
                return False
            return edited(test, self.model_of(test), test.baseline)
        except (PromptOptError, *LEAVING):
            return True  # a test that cannot be read shares the error rate too

    def conduct_of(self, item: pytest.Item) -> Conduct:
        """Plan a prompt test, once.

        Raises:
            PromptOptError: It cannot be read, or its model is not known.
        """
        if item.nodeid not in self._conducts:
            self._conducts[item.nodeid] = self._conduct(self.test_of(item))
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

    def _conduct(self, test: PromptTest) -> Conduct:
        option = self.config.option
        model = self.model_of(test)
        conduct = Conduct(
            test=test,
            plan=plan(
                test,
                model,
                update=option.promptopt_update_baseline,
                everything=option.promptopt_all,
                seed=self.settings.seed,
            ),
            model=model,
            model_named=self.model,
            engine=self.engine,
            edited_tests=lambda: self.edited_tests,
            strict=under_ci(),
            report_only=(test.mark.gate or self.settings.gate) == "report",
            today=dt.date.today().isoformat(),  # noqa: DTZ011 - a day, not a time
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
            optimizer=lambda: self.model(optimizer or model.name, "optimizer"),
            engine=self.engine,
        )

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
            test=test, case=found[0], model=self.model_of(test), engine=self.engine
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
