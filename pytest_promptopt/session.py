"""The object registered when a run has prompt tests: its hooks, and nothing else.

It lives in every process that runs prompt tests. What these share is in
:mod:`pytest_promptopt.suite`; files and reports belong to the controller.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt import gate
from pytest_promptopt.configuration import check_settings, is_worker
from pytest_promptopt.errors import (
    BudgetExhausted,
    ModelError,
    PlacedError,
    PromptOptError,
    PromptOptWarning,
    ScorerError,
)
from pytest_promptopt.items import marker, running
from pytest_promptopt.items.again import AGAIN, RESULT
from pytest_promptopt.items.committed import selector
from pytest_promptopt.items.delivery import delivery_of
from pytest_promptopt.items.faults import users_part
from pytest_promptopt.items.interruption import Interruption
from pytest_promptopt.items.look_ahead import one_by_one, upcoming
from pytest_promptopt.items.marker_place import at_marker
from pytest_promptopt.items.planned_searches import planned_searches
from pytest_promptopt.items.rechecking import Rechecks
from pytest_promptopt.items.single import SingleCase
from pytest_promptopt.records import RECHECKS, Remark, TestResult
from pytest_promptopt.report import recording, terminal
from pytest_promptopt.report.plain import plain
from pytest_promptopt.suite import PromptSuite

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from typing import NoReturn

    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.records import Recheck, Verdict

COVERED = Remark(kind="xfail", text="its xfail marker keeps this from failing the run")
SKIPPED = Remark(
    kind="outage",
    text="skipped without being judged, as promptopt_on_outage says: run it again",
)
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
        self.rechecks = Rechecks(self.suite, collected, self._deliver)
        self._order: Sequence[pytest.Item] = ()
        self._next_item: pytest.Item | None = None
        self._said: dict[str, str] = {}
        self._called: set[str] = set()
        if not is_worker(config):
            # A worker's usage error would end as a crash; there the items say it.
            check_settings(config)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember the run's items, now that nothing more is taken away."""
        self._order = session.items
        self.suite.selected = [
            item for item in session.items if marker.closest(item) is not None
        ]

        if getattr(session.config, "workerinput", {}).get("workerid") == "gw0":
            # A worker has no terminal, but its warnings reach the controller at once.
            _warn_of(self._estimate(), session.config)

    def pytest_report_collectionfinish(self) -> list[str]:
        """Say what is going to be asked, before it costs anything."""
        gates = self._estimate() or self.suite.allowance.estimate()
        return [*gates, *map(plain, planned_searches(self.suite))]

    def _estimate(self) -> list[str]:
        if self.suite.recording is None or self.suite.config.option.collectonly:
            return []
        return [plain(line) for line in recording.estimate(self.suite.recordings())]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(
        self, session: pytest.Session
    ) -> Generator[None, object, object]:
        """Re-check proposals on other prompt tests, once nothing is set up any more."""
        ended = yield
        if not (session.shouldfail or session.shouldstop):
            self.rechecks.run()
        return ended

    def _deliver(self, found: Mapping[str, Sequence[Recheck]]) -> None:
        """Hand over what re-checks say; a worker has no controller."""
        data = {
            nodeid: [recheck.to_json() for recheck in rechecks]
            for nodeid, rechecks in found.items()
        }
        told, config = json.dumps(data, allow_nan=False), self.suite.config
        if is_worker(config):
            config.workeroutput[RECHECKS] = told  # type: ignore[attr-defined]
            return
        controller: Any = config.pluginmanager.get_plugin("promptopt-controller")
        controller.take_rechecks(told)

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
        self.suite.watch.begin(item.nodeid)
        try:
            conduct = self._prepared(item)
            item.obj = running.looped(
                item,
                scorer=conduct.test.scorer,
                conducted=conduct.run(),
                engine=self.suite.engine,
                threads=conduct.test.mark.threads,
                delivery=delivery_of(self.suite.test_of(item), item),
                finish=lambda result: item.stash.__setitem__(RESULT, result),
                watch=self.suite.watch,
            )
            yield
        except PromptOptError as error:
            placed = isinstance(error, (PlacedError, ScorerError))
            if placed or (conduct is not None and not isinstance(error, ModelError)):
                at_marker(error, item)
            self._fail(item, _could_not_be_judged(error), conduct)
        except Exception as error:  # noqa: BLE001 - raised again, it is the user's
            # A hook or a model of the user's: the lines of this package say nothing.
            trace = users_part(error.__traceback__, item.config.rootpath)
            raise error.with_traceback(trace)  # noqa: B904 - the same one
        finally:
            item.obj = original
            self.suite.watch.end()
        if AGAIN in item.stash:  # a re-check has no outcome of its own
            return
        self._note_rechecks(item, conduct)
        self.suite.let_go(item)
        self._settle(item, conduct)

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
        return conduct

    def _note_rechecks(
        self, item: pytest.Function, conduct: Conduct | SingleCase
    ) -> None:
        """Note which tests a proposal is to be re-checked on, if there is one."""
        result = item.stash.get(RESULT, None)
        if result is None or isinstance(conduct, SingleCase) or not conduct.driver:
            return
        item.stash[RESULT] = self.rechecks.due(result, conduct.driver.budget)

    def _settle(self, item: pytest.Function, conduct: Conduct | SingleCase) -> None:
        """Turn the verdict into pytest's outcome."""
        result = item.stash.get(RESULT, None)
        if result is None:
            return
        first = conduct.first_failure()
        if isinstance(conduct, SingleCase):
            if first is not None:
                raise first
            return
        verdict = result.verdict
        stops = verdict.outcome in ("fail", "error") or (
            verdict.outcome == "inconclusive" and "inconclusive" in self.suite.fail_on
        )
        if self._skips(conduct, verdict):
            result = replace(result, remarks=(*result.remarks, SKIPPED))
            item.stash[RESULT] = result
        if not stops and (
            verdict.outcome == "inconclusive"
            or verdict.cause in ("report only", "accepted")
        ):
            told = terminal.one_line(result)
            if verdict.outcome == "pass":  # then the figures do not say what is wrong
                told = f"pass ({verdict.cause}): {verdict.message}"
            _warn(item, f"{result.prompt}: {told}")
        _warn_beside(item, result)
        if SKIPPED in result.remarks:
            reason = plain(f"{result.prompt}: {terminal.one_line(result)}")
            raise pytest.skip.Exception(reason, _use_item_location=True)
        if stops:
            failure = self._failure(result)
            checked = verdict.outcome != "error"
            if first is not None and (checked or result.verdict.cause == "test"):
                # --pdb then stops where the first failed case was checked.
                failure = failure.with_traceback(first.__traceback__)
            raise failure

    def _skips(self, conduct: Conduct, verdict: Verdict) -> bool:
        """Return whether a test is skipped since the provider was away."""
        away = verdict.outcome == "error" and verdict.cause == "provider"
        return away and conduct.rounds.met_outage and self.suite.skips_outages

    def _fail(
        self,
        item: pytest.Function,
        verdict: Verdict,
        conduct: Conduct | SingleCase | None,
    ) -> NoReturn:
        result = TestResult(
            nodeid=item.nodeid,
            selector=selector(item),
            prompt=_label(item),
            model="",
            verdict=verdict,
            calls=conduct.tally.calls if conduct is not None else 0,
            cached=conduct.tally.cached if conduct is not None else 0,
            runs=conduct.tally.runs if conduct is not None else 0,
            line=(item.location[1] or 0) + 1,
        )
        item.stash[RESULT] = result
        raise self._failure(result) from None

    def _failure(self, result: TestResult) -> BaseException:
        text = terminal.failure(result, already=self._first_with_same(result))
        return pytest.fail.Exception(plain(text), pytrace=False)

    def _first_with_same(self, result: TestResult) -> str | None:
        """Return the test that failed with the same error before, if one did."""
        verdict = result.verdict
        if verdict.outcome != "error" or verdict.cause == "test":
            return None
        reason = verdict.message
        if verdict.cause != "setup":  # there each file and value is one to mend
            reason = reason.rpartition("hint:")[2].strip() or reason
        first = self._said.setdefault(reason, result.nodeid)
        return None if first == result.nodeid else first

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
        result = item.stash.get(RESULT, None)
        if call.when != "call" or result is None:
            return report
        unsure = result.verdict.outcome in ("error", "inconclusive")
        if unsure and report.outcome == "skipped" and SKIPPED not in result.remarks:
            # xfail covers a prompt that got worse, not a run that cannot tell.
            report.outcome = "failed"
            del report.wasxfail
            report.longrepr = str(call.excinfo.value) if call.excinfo else "error"
        if hasattr(report, "wasxfail") and result.verdict.outcome == "fail":
            result = replace(result, remarks=(*result.remarks, COVERED))
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None and report.outcome == "failed":
            # Pytest repeats it in its short summary, under CI at full length.
            crash.message = plain(f"{result.prompt}: {terminal.one_line(result)}")
        report.promptopt = json.dumps(result.to_json(), allow_nan=False)  # type: ignore[attr-defined]
        return report

    def pytest_unconfigure(self) -> None:
        """Join the engine's thread on every way out."""
        self.suite.close()


def _could_not_be_judged(error: PromptOptError) -> Verdict:
    if isinstance(error, BudgetExhausted):
        return gate.error("budget", str(error))
    if isinstance(error, ModelError):
        return gate.error("provider", str(error), retryable=error.retryable)
    return gate.error("setup", str(error))


def _warn_of(lines: Sequence[str], config: pytest.Config) -> None:
    for line in lines[:1]:
        with contextlib.suppress(PromptOptWarning):  # -W error must not end the run
            warnings.warn_explicit(
                PromptOptWarning(line), None, str(config.rootpath), 1
            )


def _label(item: pytest.Function) -> str:
    """Return what messages call an item's prompt, also if its marker is faulty."""
    mark = marker.closest(item)
    if mark is None:
        return item.name
    try:
        return marker.read(mark).label
    except PromptOptError:
        roles = [mark.kwargs[role] for role in marker.ROLES if role in mark.kwargs]
        return " + ".join(map(str, [*mark.args, *roles])) or item.name


def _warn_beside(item: pytest.Function, result: TestResult) -> None:
    """Warn of what is to be known beside the verdict."""
    for remark in result.remarks:
        _warn(item, f"{result.prompt}: {remark.kind}: {remark.text}")
    if result.search is not None and result.search.outcome == "error":
        _warn(item, f"{result.prompt}: search failed: {result.search.message}")


def _warn(item: pytest.Function, text: str) -> None:
    try:
        warnings.warn_explicit(
            PromptOptWarning(plain(text)),
            None,
            str(item.path),
            (item.location[1] or 0) + 1,
        )
    except PromptOptWarning:
        # -W error must not turn a verdict; the summary says it in any case.
        return
