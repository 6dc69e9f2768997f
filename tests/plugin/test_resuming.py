"""A run that was killed goes on where it stopped; how options steer the cache."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from test_optimizing import CONFTEST, searching

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project

__all__ = ["searching"]

DYING = (
    CONFTEST.replace("import re\n", "import os, re, signal\n", 1).replace(
        "STEP = 10", "STEP = 40"
    )
    + """
def logging(request, reply=answer):
    last = int(os.environ["LAST"])
    with open(os.environ["LOG"], "a") as log:
        log.write(f"{request.seed} {text_of(request)!r}\\n")
    if len(MODEL.requests) == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return reply(request)

MODEL._script = logging
"""
)

PRICED = """\
[tool.promptopt.prices."scripted:skill"]
input = 1.0
output = 2.0
"""

RUNS = """
import os, shutil, sys
from pathlib import Path
import pytest
import pytest_promptopt.controller, pytest_promptopt.session
import pytest_promptopt.items.searching, pytest_promptopt.models.cache

os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
project = Path(sys.argv[1])

def run(folder, last, log):
    child = os.fork()
    if not child:
        os.chdir(folder)
        os.environ.update(LAST=str(last), LOG=str(folder / log))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os._exit(pytest.main([
            "-p", "promptopt", "-p", "no:cacheprovider", "--optimize-prompts",
            "-o", "promptopt_concurrency=1", *sys.argv[2:],
        ]))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

whole = Path(shutil.copytree(project, str(project) + "-whole"))
assert run(whole, 0, "log") == 0
calls = (whole / "log").read_bytes().count(b"\\n")
for last in (calls // 3, calls // 2):  # in a step, and while it is confirmed
    assert run(project, last, "log") == -9
assert run(project, 0, "log") == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_search_that_is_killed_anywhere_ends_alike_and_pays_for_nothing_twice(
    searching: Project,
) -> None:
    (searching.path / "conftest.py").write_text(DYING)
    searching.write_cases(64)

    run_killed_and_resumed(searching, "--promptopt-steps=1")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("budget", ["96k-tokens", "0.101usd"])
def test_tokens_and_dollars_end_a_search_that_is_resumed_where_they_would_have_ended_it(
    searching: Project, budget: str
) -> None:
    (searching.path / "conftest.py").write_text(DYING.replace("STEP = 40", "STEP = 16"))
    (searching.path / "pyproject.toml").write_text(PRICED)
    searching.write_cases(64)

    run_killed_and_resumed(
        searching, "--promptopt-steps=30", f"--promptopt-budget={budget}"
    )

    ends = [ended(searching.path), ended(whole_of(searching))]
    assert ends[0] == ends[1]
    assert ends[0]["stopped"] == "budget"


def run_killed_and_resumed(searching: Project, *options: str) -> None:
    """Run a search at one go, and beside it one that is killed twice; compare them."""
    command = [sys.executable, "-c", RUNS, str(searching.path), *options]
    subprocess.run(command, check=True)

    whole = whole_of(searching)
    diff = (searching.path / "promptopt.diff").read_bytes()
    calls, resumed = logged(whole / "log"), logged(searching.path / "log")
    assert diff == (whole / "promptopt.diff").read_bytes()
    assert not calls - resumed
    assert len(list((resumed - calls).elements())) == 2  # had got no reply at all


def whole_of(searching: Project) -> Path:
    """Return the folder of the search that was not killed."""
    return searching.path.with_name(f"{searching.path.name}-whole")


def ended(folder: Path) -> dict[str, object]:
    """Return how the journal of the one search in a folder ends."""
    (path,) = (folder / ".promptopt" / "runs").glob("*/journal.jsonl")
    found: dict[str, object] = json.loads(path.read_text().splitlines()[-1])
    return found


def logged(path: Path) -> Counter[str]:
    return Counter(path.read_text().splitlines())


def test_a_run_with_the_cache_off_asks_anew_and_a_later_one_is_answered_from_it(
    project: Project,
) -> None:
    project.run("--promptopt-all")
    off = project.run("--promptopt-all", "--promptopt-cache=off")
    on = project.run("--promptopt-all")

    off.stdout.fnmatch_lines(["*[[]20 calls[]]*", "requests: 20"])
    on.stdout.fnmatch_lines(["*[[]0 calls, 20 from the cache[]]*", "requests: 0"])


def test_a_run_that_clears_the_cache_begins_with_an_empty_one(
    project: Project,
) -> None:
    project.run("--promptopt-all")

    listed = project.run("--promptopt-cache-clear", "--collect-only")
    kept = project.run("--promptopt-all")
    cleared = project.run("--promptopt-all", "--promptopt-cache-clear")

    assert listed.ret == 0
    kept.stdout.fnmatch_lines(["requests: 0"])
    cleared.stdout.fnmatch_lines(["requests: 20"])


def test_a_cache_that_another_process_writes_is_not_cleared(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_promptopt.models.cache_file.BUSY_S", 0.01)
    project.run("--promptopt-all")
    path = project.path / ".promptopt" / "cache.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    result = project.run("--promptopt-cache-clear")
    other.close()

    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [
            f"ERROR: --promptopt-cache-clear: {path} cannot be emptied now: "
            "database is locked",
            "  hint: wait for the other run, or delete the file by hand",
        ]
    )


def test_a_cache_grown_too_big_loses_its_oldest_replies_at_the_end(
    project: Project,
) -> None:
    project.write_cases(20, padding="x" * 10)
    conftest = project.path / "conftest.py"
    long = "return Completion(text=reply, tool_calls=({'name': 'x' * 90_000},))"
    conftest.write_text(
        "from pytest_promptopt import Completion\n"
        + conftest.read_text()
        .replace("return word if", "reply = word if")
        .replace('"nonsense"\n', f'"nonsense"\n    {long}\n')
    )
    project.write_ini("promptopt_cache_size = 1")

    project.run("--promptopt-all")
    again = project.run("--promptopt-all")

    again.stdout.fnmatch_lines(["requests: 1[0-2]"])
    path = project.path / ".promptopt" / "cache.sqlite"
    assert path.stat().st_size < 1_100_000


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--promptopt-cache=no", "invalid choice: 'no' (choose from*"),
        ("--promptopt-cache=", "invalid choice: '' (choose from*"),
    ],
)
def test_another_word_for_the_cache_is_refused(
    project: Project, option: str, said: str
) -> None:
    result = project.run(option)

    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*argument --promptopt-cache: {said}"])


def test_a_size_that_is_none_is_refused(project: Project) -> None:
    result = project.run("-o", "promptopt_cache_size=0")

    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: ini key promptopt_cache_size: 0 is not a whole number from 1 up"]
    )
