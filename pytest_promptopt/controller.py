"""The one process that writes files and reports: diff, pull-request text, baselines."""

from __future__ import annotations

import json
import os
import re
import shlex
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.errors import PromptOptError, PromptOptWarning
from pytest_promptopt.git import check_applies, work_tree
from pytest_promptopt.options import is_pull_request
from pytest_promptopt.patch import unified_diff
from pytest_promptopt.records import TestResult
from pytest_promptopt.report import proposal, terminal
from pytest_promptopt.report.plain import plain

if TYPE_CHECKING:
    from pytest_promptopt.records import Edit


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
        self.written: list[Path] = []
        self.problems: list[str] = []
        self.remarks: list[str] = []
        self.changed: list[Path] = []
        self.drift = ""
        name = config.getoption("promptopt_diff", None) or "promptopt.diff"
        self.diff_path = Path(config.invocation_params.dir) / name
        self.text_path = self.diff_path.with_suffix(".md")
        option = config.option
        if option.optimize_prompts and not option.collectonly:
            # An old diff beside a run that proposes nothing would be taken for its.
            named = option.promptopt_diff is not None
            _remove_old(self.diff_path, b"--- " if named else b"")
            _remove_old(self.text_path, proposal.TITLE.encode() if named else b"")

    def take(self, riding: str) -> None:
        """Take the result that rode on a report; a rerun replaces the first one."""
        result = TestResult.from_json(json.loads(riding))
        earlier = self.results.get(result.nodeid)
        if earlier is not None:  # what it cost is still to be told
            result = replace(
                result,
                calls=earlier.calls + result.calls,
                cached=earlier.cached + result.cached,
            )
        self.results[result.nodeid] = result

    @property
    def ordered(self) -> list[TestResult]:
        """The results by node id, whatever order they came in."""
        return [self.results[nodeid] for nodeid in sorted(self.results)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what the run leaves behind; what cannot be written fails the run."""
        self._conclude()
        self._write_what_was_asked_for()
        if self.problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for result in self.ordered:
            if result.search is not None:
                self._keep_best(result)

    def _conclude(self) -> None:
        """Decide what only the whole run can: drift, and which tests are gone."""
        option = self.config.option
        if option.collectonly or not (self.results or is_pull_request(option)):
            return
        from pytest_promptopt import conclusion, pull_request

        for gone in pull_request.removed(self.config, self.results):
            self.results[gone.nodeid] = gone
            file = gone.nodeid.partition("::")[0]
            self._warn(f"{gone.prompt}: removed: {gone.verdict.message}", file)
            if gone.verdict.outcome == "inconclusive":
                self._may_fail("inconclusive", f"{gone.prompt}: prompt test removed")
        drift = conclusion.drift_of(self.ordered)
        if drift is None:
            return
        self.drift = drift.message
        for result in self.ordered:
            self.results[result.nodeid] = conclusion.with_drift(result, drift)
        self._warn(self.drift, "promptopt")
        self._may_fail("drift", "the run fails on drift, as promptopt_fail_on says")

    def _may_fail(self, what: str, problem: str) -> None:
        from pytest_promptopt import pull_request
        from pytest_promptopt.configuration import settings_of

        try:
            if what in pull_request.fail_on(self.config, settings_of(self.config)):
                self.problems.append(problem)
        except PromptOptError:
            return  # the prompt tests have said it

    def _warn(self, text: str, file: str) -> None:
        try:
            warnings.warn_explicit(PromptOptWarning(plain(text)), None, file, 1)
        except PromptOptWarning:
            # -W error must not turn a verdict; the summary says it in any case.
            return

    def _write_what_was_asked_for(self) -> None:
        for result in self.ordered:
            for name, text in result.files.items():
                self._write(Path(name), text.encode("utf-8"))
        proposed = [
            result
            for result in self.ordered
            if result.search is not None and result.search.proposal is not None
        ]
        if proposed:
            self._propose(proposed)

    @property
    def top(self) -> Path:
        """The folder that paths in a diff are relative to."""
        return work_tree(self.config.rootpath) or self.config.rootpath

    def _keep_best(self, result: TestResult) -> None:
        """Keep a candidate that was not confirmed, where nobody takes it for more."""
        name = re.sub(r"[^\w.-]+", "-", result.nodeid).strip("-")
        best = self.config.rootpath / ".promptopt" / "runs" / name / "best.diff"
        if not result.unconfirmed:
            best.unlink(missing_ok=True)  # that of an earlier search
            return
        try:
            diff = unified_diff(result.unconfirmed, read=Path.read_bytes, top=self.top)
        except PromptOptError as error:
            self.problems.append(f"no best.diff written: {error}")
            return
        self._write(best, diff)

    def _propose(self, proposed: list[TestResult]) -> None:
        kept, dropped = without_conflicts(proposed)
        edits = [edit for result in kept for edit in _edits(result)]
        try:
            diff = unified_diff(edits, read=Path.read_bytes, top=self.top)
            if not self._write(self.diff_path, diff):
                return
            check_applies(self.diff_path, self.top)
        except PromptOptError as error:
            self.diff_path.unlink(missing_ok=True)
            if self.diff_path in self.written:
                self.written.remove(self.diff_path)
            self.problems.append(f"no diff written: {error}")
            return
        self.remarks += [
            f"left out of the diff: {result.prompt} ({result.nodeid}), since another "
            "proposal changes the same text and gains as much or more"
            for result in dropped
        ]
        self.changed = sorted({Path(edit.path) for edit in edits})
        text = proposal.pull_request_text(
            kept, dropped=dropped, diff=diff.decode("utf-8"), command=self.apply_command
        )
        self._write(self.text_path, text.encode("utf-8"))

    @property
    def apply_command(self) -> str:
        """What applies the diff, from the folder where pytest was started."""
        start = Path(self.config.invocation_params.dir).resolve()
        top = self.top.resolve()
        inside = all(start in path.resolve().parents for path in self.changed)
        if start == top or (inside and work_tree(start) == work_tree(top)):
            shown = shlex.quote(self._shown(self.diff_path))
            return f"git apply --whitespace=nowarn {shown}"
        # Elsewhere git would take the paths in the diff for others.
        folder = shlex.quote(os.path.relpath(top, start))
        shown = shlex.quote(os.path.relpath(self.diff_path.resolve(), top))
        return f"git -C {folder} apply --whitespace=nowarn {shown}"

    def _shown(self, path: Path) -> str:
        try:
            return path.relative_to(self.config.invocation_params.dir).as_posix()
        except ValueError:
            return str(path)

    def _write(self, path: Path, content: bytes) -> bool:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Whole or not at all: a reader never sees half a record.
            partial = path.with_name(f".{path.name}.partial")
            partial.write_bytes(content)
            partial.replace(path)
        except OSError as error:
            self.problems.append(f"{path} was not written: {error.strerror}")
            return False
        self.written.append(path)
        return True

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was decided and what to do, in one section."""
        if not self.results and not self.problems:
            return
        from pytest_promptopt.configuration import today

        lines = terminal.summary(
            self.ordered,
            written=[self._shown(path) for path in self.written],
            remarks=self.remarks,
            problems=self.problems,
            apply_command=self.apply_command
            if self.diff_path in self.written
            else None,
            verbosity=self.config.get_verbosity(),
            drift=self.drift,
            today=today(),
        )
        if lines:
            terminalreporter.section("prompts")
            for line in lines:
                terminalreporter.write_line(
                    plain(line.text), **dict.fromkeys(line.marks, True)
                )
        if os.environ.get("GITHUB_ACTIONS") == "true":
            from pytest_promptopt import conclusion

            for command in conclusion.workflow_commands(
                self.ordered, self.drift, shown=self._in_repository
            ):
                terminalreporter.write_line(command)

    def _in_repository(self, file: str) -> str:
        path = os.path.relpath(self.config.rootpath / file, self.top)
        return Path(path).as_posix()


def _edits(result: TestResult) -> tuple[Edit, ...]:
    search = result.search
    if search is None or search.proposal is None:
        return ()
    return search.proposal.edits


def _gain(result: TestResult) -> float:
    search = result.search
    return search.proposal.gain if search is not None and search.proposal else 0.0


def without_conflicts(
    proposed: list[TestResult],
) -> tuple[list[TestResult], list[TestResult]]:
    """Keep, of proposals that touch one place, the one with the larger gain.

    Returns:
        Those kept, in the order given, and those dropped.
    """
    kept: list[TestResult] = []
    dropped: list[TestResult] = []
    taken: list[Edit] = []
    for result in sorted(proposed, key=lambda entry: (-_gain(entry), entry.nodeid)):
        edits = _edits(result)
        if any(_overlap(edit, other) for edit in edits for other in taken):
            dropped.append(result)
        else:
            kept.append(result)
            taken += edits
    return [result for result in proposed if result in kept], dropped


def _overlap(one: Edit, other: Edit) -> bool:
    if one.path != other.path:
        return False
    return one.start <= other.end and other.start <= one.end


def _remove_old(path: Path, head: bytes) -> None:
    """Remove what an earlier run left at a place, and nothing else.

    Args:
        path: The place.
        head: How our own files begin there.

    Raises:
        pytest.UsageError: Something else is there.
    """
    try:
        found = path.read_bytes()
        if found.startswith(head) or not found:
            path.unlink()
            return
    except FileNotFoundError:
        return
    except OSError as error:
        reason = f"it cannot be looked at: {error.strerror}"
    else:
        reason = "it was not written by this plugin"
    raise pytest.UsageError(
        f"--promptopt-diff: {str(path)!r} would be overwritten, but {reason}\n"
        "  hint: move it away, or name another file with --promptopt-diff=PATH"
    )
