"""The one process that writes files and reports: diff, pull-request text, baselines."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.errors import PromptOptError, PromptOptWarning, SettingError
from pytest_promptopt.options import is_pull_request
from pytest_promptopt.outbox import Outbox

if TYPE_CHECKING:
    from pytest_promptopt.proposals import Proposals
    from pytest_promptopt.records import TestResult

FOLDER = ".promptopt"
"""What is kept from run to run, in the root folder."""


class Controller:
    """Collects results, from workers too, and writes what a run leaves behind.

    Args:
        config: The configuration of this process.

    Raises:
        pytest.UsageError: The diff would take the place of something else.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.results: dict[str, TestResult] = {}
        self.outbox = Outbox(folder=Path(config.invocation_params.dir))
        self.drift = ""
        self.skipped: list[str] = []
        self._run = ""
        option = config.option
        if option.optimize_prompts and not option.collectonly:
            try:
                self.proposals.remove_old(named=option.promptopt_diff is not None)
            except SettingError as error:
                raise pytest.UsageError(str(error)) from None

    @cached_property
    def proposals(self) -> Proposals:
        """What the run's searches propose."""
        from pytest_promptopt.proposals import Proposals

        name = self.config.getoption("promptopt_diff", None) or "promptopt.diff"
        return Proposals(
            root=self.config.rootpath,
            outbox=self.outbox,
            diff_path=self.outbox.folder / name,
        )

    def take(self, riding: str) -> None:
        """Take the result that rode on a report; a rerun replaces the first one."""
        from pytest_promptopt.records import TestResult

        result = TestResult.from_json(json.loads(riding))
        earlier = self.results.get(result.nodeid)
        if earlier is not None:  # what it cost is still to be told
            result = replace(
                result,
                calls=earlier.calls + result.calls,
                cost=_sum(earlier.cost, result.cost),
                cached=earlier.cached + result.cached,
                runs=earlier.runs + result.runs,
            )
        self.results[result.nodeid] = result

    def take_rechecks(self, told: str) -> None:
        """Take what re-checks of a process's proposals say; the last word counts."""
        for nodeid, rechecks in json.loads(told).items():
            result = self.results.get(nodeid)
            if result is not None:
                from pytest_promptopt.records import Recheck

                found = tuple(map(Recheck.from_json, rechecks))
                self.results[nodeid] = replace(result, rechecks=found)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the re-checks of a worker of pytest-xdist that has ended."""
        self._run = node.workerinput.get("testrunuid", self._run)
        from pytest_promptopt.records import RECHECKS

        told = getattr(node, "workeroutput", {}).get(RECHECKS)
        if told is not None:
            self.take_rechecks(told)

    @property
    def ordered(self) -> list[TestResult]:
        """The results by node id, whatever order they came in."""
        return [self.results[nodeid] for nodeid in sorted(self.results)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what the run leaves behind; what cannot be written fails the run."""
        self._conclude(int(session.exitstatus))
        self._withdraw()
        self._write_what_was_asked_for()
        self._write_reports(int(session.exitstatus))
        if self.outbox.problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for result in self.ordered:
            if result.search is not None:
                self.proposals.keep_best(result)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self.results:
            from pytest_promptopt.screens import fit_failures

            fit_failures(reporter)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what was skipped: on a pull request that may hide a prompt."""
        if report.skipped and getattr(report, "promptopt", None) is None:
            self.skipped.append(report.nodeid)

    def pytest_keyboard_interrupt(self) -> None:
        """Say what becomes of the replies that were paid for."""
        session: Any = self.config.pluginmanager.get_plugin("promptopt-session")
        if session is not None:
            self.outbox.remarks += filter(None, [session.suite.interrupt()])
        elif self.results:  # each worker has a session of its own
            from pytest_promptopt.report.progress import workers_interrupted_line

            results = self.results.values()
            calls = sum(result.calls for result in results)
            cached = sum(result.cached for result in results)
            line = workers_interrupted_line(len(results), calls, cached)
            self.outbox.remarks.append(line)

    def pytest_unconfigure(self) -> None:
        """Remove what the workers of pytest-xdist counted in, if they did."""
        folder = self.config.rootpath / FOLDER
        if self._run and folder.is_dir():
            from pytest_promptopt.models.ledger import ledger_path, remove_ledger

            remove_ledger(ledger_path(folder, self._run))

    def _conclude(self, exit_code: int) -> None:
        """Decide what only the whole run can: drift, and which tests are gone."""
        option = self.config.option
        if option.collectonly or not (self.results or is_pull_request(option)):
            return
        from pytest_promptopt import conclusion, pull_request

        ended = exit_code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        run = pull_request.Run(
            judged=tuple(self.results),
            skipped=self.skipped,
            whole=ended and not option.promptopt_narrowed,
        )
        for absent in pull_request.unjudged(self.config, run):
            self.results[absent.nodeid] = absent
            verdict = absent.verdict
            told = f"{absent.nodeid}: {verdict.cause}: {verdict.message}"
            self._warn(told, absent.prompt)
            if verdict.outcome == "inconclusive":
                problem = f"{absent.nodeid}: prompt test {verdict.cause}"
                self._may_fail("inconclusive", problem)
        drift = conclusion.drift_of(self.ordered)
        if drift is None:
            return
        self.drift = drift.message
        for result in self.ordered:
            self.results[result.nodeid] = conclusion.with_drift(result, drift)
        self._warn(self.drift, "promptopt")
        self._may_fail("drift", "the run fails on drift, as promptopt_fail_on says")

    def _withdraw(self) -> None:
        """Leave out proposals that make another prompt test worse."""
        if not any(result.rechecks for result in self.results.values()):
            return
        from pytest_promptopt.items.withdrawal import with_withdrawal

        for result in self.ordered:
            self.results[result.nodeid] = with_withdrawal(result)

    def _may_fail(self, what: str, problem: str) -> None:
        from pytest_promptopt import pull_request
        from pytest_promptopt.configuration import settings_of

        try:
            if what in pull_request.fail_on(self.config, settings_of(self.config)):
                self.outbox.problems.append(problem)
        except PromptOptError:
            return  # the prompt tests have said it

    def _warn(self, text: str, file: str) -> None:
        try:
            from pytest_promptopt.report.plain import plain

            warnings.warn_explicit(PromptOptWarning(plain(text)), None, file, 1)
        except PromptOptWarning:
            # -W error must not turn a verdict; the summary says it in any case.
            return

    def _write_what_was_asked_for(self) -> None:
        for result in self.ordered:
            for name, text in result.files.items():
                self.outbox.write(Path(name), text.encode("utf-8"))
        if self.proposed:
            self.proposals.write(self.proposed)

    def _write_reports(self, exit_code: int) -> None:
        if self.results and getattr(self.config.option, "xmlpath", None):
            from pytest_promptopt.junit_properties import add_to_suite

            add_to_suite(self.config, self.ordered)
        asked = self.config.option.promptopt_report
        if asked or (self.results and os.environ.get("GITHUB_STEP_SUMMARY")):
            from pytest_promptopt.run_reports import write_reports

            write_reports(self, exit_code=exit_code)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was decided and what to do, in one section."""
        if not (self.results or self.outbox.problems or self.outbox.remarks):
            return
        from pytest_promptopt.configuration import today
        from pytest_promptopt.report import terminal
        from pytest_promptopt.screens import screen_of

        screen = screen_of(terminalreporter)
        end = terminal.RunEnd(
            written=[self.outbox.shown(path) for path in self.outbox.written],
            remarks=self.outbox.remarks,
            problems=self.outbox.problems,
            apply_command=self.apply_command,
            publish_command=self._publish_command,
            drift=self.drift,
            hosts=self._hosts,
            since=self._withheld_since,
        )
        lines = terminal.summary(
            self.ordered,
            end,
            verbosity=self.config.get_verbosity(),
            today=today(),
            screen=screen,
        )
        if lines:
            terminalreporter.ensure_newline()
            terminalreporter.section("prompts")
        for line in lines:
            for text in screen.lines(line.text):
                terminalreporter.write_line(text, **dict.fromkeys(line.marks, True))
        if os.environ.get("GITHUB_ACTIONS") == "true":
            from pytest_promptopt import conclusion

            for command in conclusion.workflow_commands(
                self.ordered, self.drift, shown=self._in_repository
            ):
                terminalreporter.write_line(command)

    @property
    def proposed(self) -> list[TestResult]:
        """The results whose searches propose something."""
        return [
            result
            for result in self.ordered
            if result.search is not None and result.search.proposal is not None
        ]

    @property
    def _publish_command(self) -> str:
        return self.proposals.publish_command if self.apply_command else ""

    @property
    def apply_command(self) -> str | None:
        """How the diff is applied, if one was written."""
        written = self.outbox.written
        if not written or self.proposals.diff_path not in written:
            return None
        return self.proposals.apply_command

    @property
    def _hosts(self) -> list[str]:
        """Which models got text, where the workers of pytest-xdist have judged."""
        if not self.config.pluginmanager.has_plugin("dsession"):
            return []  # the run has said it before the first request
        from pytest_promptopt.report.recipients import host_lines

        return host_lines(self.ordered)

    @property
    def _withheld_since(self) -> str:
        """Why texts of cases and replies are not shown, where they are not."""
        if all(result.shows == "full" for result in self.ordered):
            return ""
        from pytest_promptopt.pull_request import shown

        try:
            return shown(self.config).origin
        except SettingError:  # each prompt test says it
            return ""

    def _in_repository(self, file: str) -> str:
        path = os.path.relpath(self.config.rootpath / file, self.proposals.top)
        return Path(path).as_posix()


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
