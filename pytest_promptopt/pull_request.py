"""The base commit of a pull request, as one run of pytest needs it."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt import baseline as baselines
from pytest_promptopt.audience import NAME, shown_by, shown_data, usually_shown
from pytest_promptopt.errors import PromptOptError, SettingError
from pytest_promptopt.options import is_pull_request
from pytest_promptopt.settings import Setting, fail_on_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_promptopt.git import AbsentTest
    from pytest_promptopt.items.base_test import Base
    from pytest_promptopt.records import TestResult, Verdict
    from pytest_promptopt.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run did with the prompt tests that it met.

    Attributes:
        judged: Node ids of prompt tests with a verdict.
        skipped: Node ids of tests that were skipped.
        whole: Whether whoever started the run asked for all tests, and it ended by
            itself.
    """

    judged: Collection[str]
    skipped: Collection[str]
    whole: bool


BASE = pytest.StashKey["Base | None"]()


def base_of(config: pytest.Config) -> Base | None:
    """Return the base commit that prompts are compared with, if there is one.

    It is looked for once per process, since that asks git. A recording and a look at
    one case compare nothing.

    Raises:
        SettingError: There ought to be one, and it cannot be found.
    """
    if BASE not in config.stash:
        config.stash[BASE] = _base(config)
    return config.stash[BASE]


def _base(config: pytest.Config) -> Base | None:
    option = config.option
    if option.promptopt_update_baseline or option.promptopt_case is not None:
        return None
    if not is_pull_request(option):
        return None  # before git is asked for anything
    root = config.rootpath
    from pytest_promptopt.git import CommitFiles, base_commit, ini_at, work_tree

    commit = base_commit(root, option=option.promptopt_compare, environ=os.environ)
    if commit is None:
        return None
    top = work_tree(root) or root
    # One that the pull request deletes held at the base.
    inipath = config.inipath or root / "pytest.ini"
    files = CommitFiles(top, commit.commit)
    from pytest_promptopt.items.base_test import Base

    return Base(commit=commit, files=files, root=root, settings=ini_at(files, inipath))


def fail_on(config: pytest.Config, settings: Settings) -> frozenset[str]:
    """Return what fails the run beside a worse prompt and an error.

    What the base commit says holds too: a pull request cannot weaken it.

    Raises:
        SettingError: There ought to be a base commit, and it cannot be found.
    """
    base = base_of(config)
    if base is None:
        return settings.fail_on
    try:
        return settings.fail_on | fail_on_of(base.settings)
    except SettingError:
        return settings.fail_on  # a misspelt word there failed nothing


def shown(config: pytest.Config) -> Setting:
    """Decide whether texts of cases and replies may be shown, and why.

    On a pull request its ini file can withhold texts, but shows none that the base
    commit withholds: who writes it is not who decides what everybody may read.

    Raises:
        SettingError: It is set to another word.
    """
    said = shown_data(config, os.environ)
    typed = config.option.promptopt_show_data_typed
    if typed or said.value == "ids" or not is_pull_request(config.option):
        return said
    try:
        base = base_of(config)
        settings = {} if base is None else base.settings
        found = shown_by(settings.get(NAME), os.environ)
    except SettingError:  # each prompt test says it
        found = usually_shown(os.environ)
    if found.value == "full":
        return found
    return Setting(
        "ids", f"{found.origin}; a change of {NAME} holds once it is on the base branch"
    )


def unjudged(config: pytest.Config, run: Run) -> list[TestResult]:
    """Return a result for each prompt test of the base commit that was not judged.

    Args:
        config: The configuration of the process that reports.
        run: What this run did.
    """
    try:
        base = base_of(config)
    except PromptOptError:
        return []  # each prompt test says it
    if base is None:
        return []
    known = {_record_path(config.rootpath, nodeid) for nodeid in run.judged}
    skipped = {_record_path(config.rootpath, nodeid) for nodeid in run.skipped}
    from pytest_promptopt.git import absent_tests

    absent = absent_tests(
        base.files,
        root=config.rootpath,
        present=lambda path: path in known,
    )
    found = []
    for entry in absent:
        if entry.why:
            found.append(_removed(entry, base.name))
        elif entry.record in skipped:
            found.append(_not_run(entry, "skipped", base.name))
        elif run.whole and _is_expected(config, base, entry.test):
            found.append(_not_run(entry, "not run", base.name))
    return found


def _is_expected(config: pytest.Config, base: Base, test: str) -> bool:
    """Return whether a run without arguments looks into the file of a test.

    What the base commit says counts: a pull request may have taken the folder out.
    """
    file = config.rootpath / test.partition("::")[0]
    start = Path(config.invocation_params.dir)
    named = base.settings.get("testpaths", "")
    if start != config.rootpath or not named or set(named) & set("*?["):
        return file.is_relative_to(start)
    return any(
        file.is_relative_to(config.rootpath / path) for path in shlex.split(named)
    )


def _record_path(root: Path, nodeid: str) -> Path:
    file, _, rest = nodeid.partition("::")
    return baselines.path_for(root / file, rest.replace("::", "."))


def _removed(gone: AbsentTest, commit: str) -> TestResult:
    """Say what became of a prompt test that the base commit still has.

    Who deletes the record as well says that the removal is meant.
    """
    meant = not gone.record.exists()
    text = f"commit {commit} has a baseline for it, and {gone.why}"
    if not meant:
        text += f": restore it, or delete {gone.record.name} too if that is meant"
    from pytest_promptopt.records import Verdict

    verdict = Verdict(
        outcome="pass" if meant else "inconclusive", cause="removed", message=text
    )
    return _result(gone, verdict)


def _not_run(absent: AbsentTest, cause: str, commit: str) -> TestResult:
    text = (
        f"commit {commit} has a baseline for it, and this run has not judged it: look "
        "for a skip, a conftest.py or an ini key that leaves it out"
    )
    from pytest_promptopt.records import Verdict

    verdict = Verdict(outcome="inconclusive", cause=cause, message=text)
    return _result(absent, verdict)


def _result(absent: AbsentTest, verdict: Verdict) -> TestResult:
    from pytest_promptopt.records import TestResult

    return TestResult(
        nodeid=absent.test,
        selector=absent.test,
        prompt=absent.test.partition("::")[0],
        model="",
        verdict=verdict,
    )
