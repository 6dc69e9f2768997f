"""The object registered when a run has prompt tests: its hooks, and nothing else.

It lives in every process that runs prompt tests. What these share is in
:mod:`pytest_promptopt.suite`; files and reports belong to the controller.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.configuration import check_settings, is_worker
from pytest_promptopt.errors import (
    ModelError,
    PlacedError,
    PromptOptError,
    PromptOptWarning,
    ScorerError,
)
from pytest_promptopt.items import marker, running
from pytest_promptopt.items.again import AGAIN, RESULT
from pytest_promptopt.items.delivery import delivery_of
from pytest_promptopt.items.faults import users_part
from pytest_promptopt.items.interruption import Interruption
from pytest_promptopt.items.look_ahead import one_by_one, upcoming
from pytest_promptopt.items.preloading import preload
from pytest_promptopt.suite import PromptSuite
from pytest_promptopt.unswept import unswept

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.items.rechecking import Rechecks
    from pytest_promptopt.items.settling import Settlement
    from pytest_promptopt.items.single import SingleCase

OUTCOMES = (pytest.skip.Exception, pytest.fail.Exception)
"""What a body may end with that is no exception to Python."""

ARGUMENTS = pytest.StashKey[tuple[str, ...]]()


class PromptSession:
    """Runs the prompt tests of one process.

    Args:
        config: The pytest configuration.
        collected: All collected prompt tests, also those that ``-k`` takes away later.

    Raises:
        pytest.UsageError: A setting cannot be used; exit code 4.
    """

    def __init__(self, config: pytest.Config, collected: Sequence[pytest.Item]) -> None:
        self.suite = PromptSuite(config, collected)
        config.pluginmanager.register(Interruption(self.suite))
        self._collected = collected
        self._order: Sequence[pytest.Item] = ()
        self._next_item: pytest.Item | None = None
        self._called: set[str] = set()
        if not is_worker(config):
            # A worker's usage error would end as a crash; there the items say it.
            check_settings(config)

    @cached_property
    def _rechecks(self) -> Rechecks:
        """What proposals do to other prompt tests."""
        from pytest_promptopt.items.rechecking import Rechecks

        return Rechecks(self.suite, self._collected)

    @cached_property
    def _settlement(self) -> Settlement:
        """What turns verdicts into outcomes."""
        from pytest_promptopt.items.settling import Settlement

        return Settlement(self.suite)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember the run's items, now that nothing more is taken away."""
        self._order = session.items
        self.suite.selected = [
            item for item in session.items if marker.closest(item) is not None
        ]

        if getattr(session.config, "workerinput", {}).get("workerid") == "gw0":
            # A worker has no terminal, but its warnings reach the controller at once.
            with unswept():
                lines = [*self._estimate()[:1], *self._planned_searches()]
            _warn_of(lines, session.config)

    def pytest_report_collectionfinish(self) -> list[str]:
        """Say what is going to be asked, before it costs anything."""
        with unswept():
            from pytest_promptopt.items.planned_hosts import planned_hosts
            from pytest_promptopt.report.plain import plain

            told = self._estimate() or self.suite.allowance.estimate()
            hosts = map(plain, planned_hosts(self.suite))
            return [*told, *self._planned_searches(), *hosts]

    def _planned_searches(self) -> list[str]:
        if not self.suite.config.option.optimize_prompts:
            return []
        from pytest_promptopt.items.planned_searches import planned_searches
        from pytest_promptopt.report.plain import plain

        return [plain(line) for line in planned_searches(self.suite)]

    def _estimate(self) -> list[str]:
        if self.suite.recording is None or self.suite.config.option.collectonly:
            return []
        from pytest_promptopt.report import recording
        from pytest_promptopt.report.plain import plain

        return [plain(line) for line in recording.estimate(self.suite.recordings())]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(
        self, session: pytest.Session
    ) -> Generator[None, object, object]:
        """Re-check proposals on other prompt tests, once nothing is set up any more."""
        ended = yield
        searched = session.config.option.optimize_prompts
        if searched and not (session.shouldfail or session.shouldstop):
            self._rechecks.run()
        return ended

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Keep requests from being in flight while an ordinary test runs."""
        self._next_item = nextitem
        outcome = yield
        if marker.closest(item) is not None and (
            nextitem is None or marker.closest(nextitem) is None
        ):
            self.suite.drain()
        return outcome

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Put the loop over the cases in the body's place, then judge."""
        if marker.closest(item) is None or not isinstance(item, pytest.Function):
            yield
            return
        __tracebackhide__ = True
        original = item.obj
        if RESULT in item.stash:  # a rerun must not inherit what came before
            del item.stash[RESULT]
        item.stash[ARGUMENTS] = running.argument_names(original)
        conduct: Conduct | SingleCase | None = None
        disclosure = self.suite.disclosure
        try:
            with unswept(), disclosure.warnings():
                conduct = self._prepared(item)
            self.suite.watch.begin(item.nodeid)
            item.obj = running.looped(
                item,
                scorer=conduct.test.scorer,
                conducted=conduct.run(),
                engine=self.suite.engine,
                threads=conduct.test.mark.threads,
                delivery=delivery_of(self.suite.test_of(item), item),
                finish=lambda result: item.stash.__setitem__(
                    RESULT, disclosure.result(result)
                ),
                watch=self.suite.watch,
            )
            with disclosure.warnings():
                yield
        except PromptOptError as error:
            placed = isinstance(error, (PlacedError, ScorerError))
            if placed or (conduct is not None and not isinstance(error, ModelError)):
                from pytest_promptopt.items.marker_place import at_marker

                at_marker(error, item)
            self._settlement.fail(item, error, conduct)
        except (Exception, *OUTCOMES) as error:  # noqa: BLE001 - raised again
            raise self._users_own(error, item)  # noqa: B904 - mostly the same one
        finally:
            item.obj = original
            self.suite.watch.end()
        if AGAIN in item.stash:  # a re-check has no outcome of its own
            return
        if item.config.option.optimize_prompts:
            self._rechecks.note(item, conduct)
        try:
            self._settlement.settle(item, conduct)
        finally:
            self.suite.let_go(item)

    def _users_own(self, error: BaseException, item: pytest.Item) -> BaseException:
        """Return what is raised where the user's code, a hook or a model raises."""
        if self.suite.disclosure.withholds:
            return self.suite.disclosure.outcome(error, item)
        if not isinstance(error, Exception):  # a skip and the like
            return error
        # The lines of this package say nothing.
        return error.with_traceback(
            users_part(error.__traceback__, item.config.rootpath)
        )

    def _prepared(self, item: pytest.Function) -> Conduct | SingleCase:
        again = item.stash.get(AGAIN, None)
        if again is not None:
            return again
        case_id = item.config.option.promptopt_case
        if case_id is not None:
            return self.suite.single(item, case_id)
        if item.nodeid in self._called:
            # A rerun replays the replies that came and asks again for the others.
            self.suite.forget(item)
        self._called.add(item.nodeid)
        conduct = self.suite.conduct_of(item)
        if not conduct.has_begun or one_by_one(item.config):
            for other in upcoming(item, self._next_item, self._order):
                self.suite.begin(other)
            if conduct.has_begun:
                preload(conduct.plan.mode, conduct.in_flight())
        return conduct

    @pytest.hookimpl
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> object | None:
        """Run a coroutine function that no async plugin has taken."""
        if marker.closest(pyfuncitem) is None:
            return None
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        # The item's function is the loop by now; the user's says what it asks for.
        names = pyfuncitem.stash[ARGUMENTS]
        given = pyfuncitem.funcargs  # not what mock.patch passes
        arguments = {name: given[name] for name in names if name in given}
        running.run_unowned(pyfuncitem.obj, arguments, self.suite.watch)
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the result ride on the report, as one ASCII string."""
        report = yield
        if marker.closest(item) is None:
            return report
        from pytest_promptopt.items.plain_reports import make_plain

        disclosure = self.suite.disclosure
        disclosure.strip(report, call)
        make_plain(report)
        result = item.stash.get(RESULT, None)
        if call.when != "call" or result is None:
            return report
        from pytest_promptopt.items.settling import ride
        from pytest_promptopt.junit_properties import attach

        ride(report, call, disclosure.result(result))
        attach(item, report, result)
        return report

    def pytest_unconfigure(self) -> None:
        """Join the engine's thread on every way out."""
        self.suite.close()


def _warn_of(lines: Sequence[str], config: pytest.Config) -> None:
    for line in lines:
        with contextlib.suppress(PromptOptWarning):  # -W error must not end the run
            warnings.warn_explicit(
                PromptOptWarning(line), None, str(config.rootpath), 1
            )
