"""The prompt tests of one process, each read once, and what each is held against."""

from __future__ import annotations

import difflib
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.items.loading import load
from pytest_promptopt.items.places import roots
from pytest_promptopt.items.reference import Reference, reference_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_promptopt.items.base_test import Base
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.roster import Roster
    from pytest_promptopt.records import Case

LEAVING = (pytest.skip.Exception, pytest.fail.Exception, pytest.xfail.Exception)
"""What a callable that supplies cases may raise to leave its test."""


class Collection:
    """Reads the collected prompt tests.

    Args:
        config: The pytest configuration.
        collected: The items, also those that ``-k`` takes away later: they share the
            error rate.
        models: The run's models.
        base: Returns the base commit of a pull request, if the run has one.
        request: Model settings of every prompt test, below those of its marker.
    """

    def __init__(
        self,
        config: pytest.Config,
        collected: Sequence[pytest.Item],
        *,
        models: Roster,
        base: Callable[[], Base | None],
        request: Mapping[str, object],
    ) -> None:
        self._config = config
        self._collected = tuple(collected)
        self._models = models
        self._base = base
        self._request = request
        self._tests: dict[str, PromptTest | BaseException] = {}
        self._references: dict[str, Reference | PromptOptError] = {}

    def test_of(self, item: pytest.Item) -> PromptTest:
        """Read a prompt test, once.

        Raises:
            PromptOptError: It cannot be read.
        """
        if item.nodeid not in self._tests:
            try:
                self._tests[item.nodeid] = self._load(item)
            except PromptOptError as error:
                from pytest_promptopt.items.marker_place import at_marker

                self._tests[item.nodeid] = at_marker(error, item)
            except LEAVING as error:
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
        test = load(
            item,
            renewed=self._config.option.promptopt_update_baseline,
            defaults=self._request,
            named_scorer=lambda name: self._config.hook.pytest_promptopt_scorer(
                config=self._config, name=name
            ),
        )
        if test.scorer is None:
            return test
        from pytest_promptopt.scorers.asking import Asking

        if not isinstance(test.scorer, Asking):
            return test
        return replace(test, judge=self._models.judge(test, test.scorer))

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
        model = self._models.task_model(test)
        commit = self._base()
        if commit is None:
            return reference_of(test, None, model_identity=model.identity)
        base = commit.test(
            test,
            test_file=item.path,
            roots=roots(self._config, item.path),
            model_is_fixed=self._models.setting(test).origin.startswith("--"),
        )
        return reference_of(test, base, model_identity=model.identity)

    @cached_property
    def hypotheses(self) -> int:
        """How many edited prompt tests, and limits of theirs, there are."""
        return sum(map(self._hypotheses_of, self._collected))

    def _hypotheses_of(self, item: pytest.Item) -> int:
        try:
            test, reference = self.test_of(item), self.reference_for(item)
            from pytest_promptopt.items.planning import edited

            if not edited(test, self._models.task_model(test), reference):
                return 0
            return 1 + len(reference.limits)
        except (PromptOptError, *LEAVING):
            return 1  # a test that cannot be read shares the error rate too

    def check_case_id(self, case_id: str, items: Iterable[pytest.Item]) -> None:
        """Refuse the id of a case that no item has.

        Raises:
            SettingError: None has it.
        """
        known = {case.id for item in items for case in self._cases_of(item)}
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
