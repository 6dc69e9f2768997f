"""The one process that writes files and reports: diff, pull-request text, baselines."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_promptopt.errors import PatchError, PromptOptError
from pytest_promptopt.patch import unified_diff
from pytest_promptopt.records import TestResult
from pytest_promptopt.report import proposal, terminal

if TYPE_CHECKING:
    from pytest_promptopt.records import Edit


class Controller:
    """Collects results, from workers too, and writes what a run leaves behind.

    Args:
        config: The configuration of this process.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.results: dict[str, TestResult] = {}
        self.written: list[Path] = []
        self.problems: list[str] = []
        name = config.getoption("promptopt_diff", None) or "promptopt.diff"
        self.diff_path = Path(config.invocation_params.dir) / name
        self.text_path = self.diff_path.with_suffix(".md")
        if config.getoption("optimize_prompts", default=False):
            # An old diff beside a run that proposes nothing would be taken for its.
            self.diff_path.unlink(missing_ok=True)
            self.text_path.unlink(missing_ok=True)

    def take(self, riding: str) -> None:
        """Take the result that rode on a report; a rerun replaces the first one."""
        result = TestResult.from_json(json.loads(riding))
        self.results[result.nodeid] = result

    @property
    def ordered(self) -> list[TestResult]:
        """The results by node id, whatever order they came in."""
        return [self.results[nodeid] for nodeid in sorted(self.results)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Write what the run leaves behind."""
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
        for result in self.ordered:
            if result.unconfirmed:
                self._keep_best(result)

    @property
    def top(self) -> Path:
        """The folder that paths in a diff are relative to."""
        return git_top(self.config.rootpath) or self.config.rootpath

    def _keep_best(self, result: TestResult) -> None:
        """Keep a candidate that was not confirmed, where nobody takes it for more."""
        runs = self.config.rootpath / ".promptopt" / "runs"
        name = re.sub(r"[^\w.-]+", "-", result.nodeid).strip("-")
        try:
            diff = unified_diff(result.unconfirmed, read=Path.read_bytes, top=self.top)
        except PromptOptError as error:
            self.problems.append(f"no best.diff written: {error}")
            return
        self._write(runs / name / "best.diff", diff)

    def _propose(self, proposed: list[TestResult]) -> None:
        kept, dropped = without_conflicts(proposed)
        edits = [edit for result in kept for edit in _edits(result)]
        try:
            diff = unified_diff(edits, read=Path.read_bytes, top=self.top)
            self._write(self.diff_path, diff)
            check_with_git(self.diff_path, self.top)
        except PromptOptError as error:
            self.diff_path.unlink(missing_ok=True)
            self.problems.append(f"no diff written: {error}")
            return
        text = proposal.pull_request_text(
            kept, dropped=dropped, diff=diff.decode("utf-8"), command=self.apply_command
        )
        self._write(self.text_path, text.encode("utf-8"))

    @property
    def apply_command(self) -> str:
        """What applies the diff, from the folder where pytest was started."""
        return f"git apply --whitespace=nowarn {self._shown(self.diff_path)}"

    def _shown(self, path: Path) -> str:
        try:
            return path.relative_to(self.config.invocation_params.dir).as_posix()
        except ValueError:
            return str(path)

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Whole or not at all: a reader never sees half a record.
            partial = path.with_name(f".{path.name}.partial")
            partial.write_bytes(content)
            partial.replace(path)
        except OSError as error:
            self.problems.append(f"{path} was not written: {error.strerror}")
            return
        self.written.append(path)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was decided and what to do, in one section."""
        if not self.results and not self.problems:
            return
        lines = terminal.summary(
            self.ordered,
            written=[self._shown(path) for path in self.written],
            problems=self.problems,
            apply_command=self.apply_command
            if self.diff_path in self.written
            else None,
            verbosity=self.config.get_verbosity(),
        )
        if lines:
            terminalreporter.section("prompts")
            for line in lines:
                terminalreporter.write_line(
                    line.text, **dict.fromkeys(line.marks, True)
                )


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


def git_top(folder: Path) -> Path | None:
    """Return the top of the git work tree that a folder is in, if it is in one."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--show-toplevel"],  # noqa: S607 - the user's git
            cwd=folder,
            capture_output=True,
            check=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return Path(found.stdout.strip())


def check_with_git(diff: Path, top: Path) -> None:
    """Have git itself confirm that a diff applies, where there is a git.

    Raises:
        PatchError: It does not.
    """
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "apply", "--check", "--whitespace=nowarn", str(diff)],  # noqa: S607
            cwd=top,
            capture_output=True,
            check=False,
            text=True,
        )
    except OSError:
        return
    if done.returncode:
        raise PatchError(
            f"git apply --check refuses the diff: {done.stderr.strip()}",
            "report this with the prompt file",
        )
