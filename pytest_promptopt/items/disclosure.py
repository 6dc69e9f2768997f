"""What one process lets out of the prompt tests that it judges.

Where texts of cases and replies are withheld, that is done here, before anything that
is told rides on a report: no terminal, file or annotation can show what it never got.
"""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.errors import PromptOptWarning, SettingError
from pytest_promptopt.items.faults import place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Literal

    from pytest_promptopt.records import Recheck, TestResult
    from pytest_promptopt.settings import Setting


class Disclosure:
    """Decides what may be shown, and holds back the rest.

    Args:
        config: The pytest configuration.
        decide: Returns what may be shown, ``"full"`` or ``"ids"``, and why; raises
            :class:`SettingError`.
    """

    def __init__(self, config: pytest.Config, decide: Callable[[], Setting]) -> None:
        self._config = config
        self._decide = decide

    @cached_property
    def shown(self) -> Setting:
        """What may be shown, ``"full"`` or ``"ids"``, and why.

        Raises:
            SettingError: It is set to another word.
        """
        return self._decide()

    @property
    def withholds(self) -> bool:
        """Whether texts are held back, as they are where nobody knows what is meant."""
        try:
            return bool(self.shown.value == "ids")
        except SettingError:  # each prompt test says it
            return True

    @property
    def shows(self) -> Literal["full", "ids"]:
        """The same in the word of a result."""
        return "ids" if self.withholds else "full"

    def check_look(self) -> None:
        """Refuse a look at one case, which is nothing but texts.

        Raises:
            SettingError: They are withheld.
        """
        if self.withholds:
            raise SettingError(
                "--promptopt-case shows a case and the reply to it, and texts are "
                f"withheld, since {self.shown.origin}",
                "add --promptopt-show-data=full where nobody else reads what it prints",
            )

    def result(self, result: TestResult) -> TestResult:
        """Return a result as it may be told."""
        if not self.withholds:
            return result
        from pytest_promptopt.report.ids_only import ids_only

        notes = tuple(dict.fromkeys((*result.notes, *self._why)))
        return replace(ids_only(result), notes=notes)

    @property
    def _why(self) -> Iterator[str]:
        with contextlib.suppress(SettingError):  # it is the result's own error
            yield f"texts of cases and replies are withheld, since {self.shown.origin}"

    def rechecks(self, rechecks: Sequence[Recheck]) -> Sequence[Recheck]:
        """Return re-checks as they may be told."""
        if not self.withholds:
            return rechecks
        from pytest_promptopt.report.ids_only import ids_only_recheck

        return [ids_only_recheck(recheck) for recheck in rechecks]

    def outcome(self, error: BaseException, item: pytest.Item) -> BaseException:
        """Return what is raised in the place of something that the user's code raised.

        Args:
            error: An exception, or an outcome such as a skip; its text may be anything.
            item: The prompt test.
        """
        from pytest_promptopt.report.bare_error import LOOK, WITHHELD

        instead: BaseException
        if isinstance(error, pytest.skip.Exception):
            told = f"the test skipped itself; {WITHHELD}"
            instead = pytest.skip.Exception(told, _use_item_location=True)
        elif isinstance(error, pytest.xfail.Exception):
            instead = pytest.xfail.Exception(f"the test said so itself; {WITHHELD}")
        else:
            where = place(error, item.nodeid.partition("::")[0]) or ""
            told = f"{type(error).__name__}{where}: {WITHHELD}\n  hint: {LOOK}"
            instead = pytest.fail.Exception(told, pytrace=False)
        instead.__suppress_context__ = True  # pytest would show the first one above it
        return instead

    @contextlib.contextmanager
    def warnings(self) -> Iterator[None]:
        """Take the texts out of warnings that test bodies and their fixtures give."""
        if not self.withholds:
            yield
            return
        caught: list[warnings.WarningMessage] = []
        try:
            with warnings.catch_warnings(record=True) as caught:
                yield
        finally:
            _give_again(caught)

    def strip(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        """Take out of a report what bodies printed and logged, and values of theirs."""
        if not self.withholds:
            return
        from pytest_promptopt.report.bare_error import WITHHELD

        report.sections = [(name, f"{WITHHELD}\n") for name, _ in report.sections]
        if call.when == "call" and report.failed and self._config.option.fulltrace:
            # With --full-trace it shows the arguments of functions of ours as well.
            report.longrepr = str(call.excinfo.value) if call.excinfo else "failed"


def _give_again(caught: Sequence[warnings.WarningMessage]) -> None:
    """Give warnings once more, each by its kind and its place."""
    from pytest_promptopt.report.bare_error import WITHHELD

    for one in caught:
        ours = issubclass(one.category, PromptOptWarning)
        text = str(one.message) if ours else f"{one.category.__name__}: {WITHHELD}"
        with contextlib.suppress(PromptOptWarning):  # -W error turns no verdict
            warnings.warn_explicit(
                PromptOptWarning(text), None, one.filename, one.lineno
            )
