"""What a run shows while it runs, and what it says when somebody stops it."""

from __future__ import annotations

import json
import re
import sys

import pytest
from conftest import Project, plugins_of, shown_in_terminal

from pytest_promptopt import gate
from pytest_promptopt.canvas import LogLines
from pytest_promptopt.controller import Controller
from pytest_promptopt.records import TestResult

SLOW = """
import time
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    time.sleep(0.25)
    return "right"

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer)
"""

PRINTING = """
import pytest

def test_before(): pass

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", min_score=0.5, threads=2)
def test_sort(case, output):
    print("printed by a body")
    assert output == "right"
"""

STOPPED = """
import pathlib, pytest

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", min_score=0.5)
def test_sort(case, output):
    mark = pathlib.Path("stopped")
    if case.id == "c12" and not mark.exists():
        mark.touch()
        raise KeyboardInterrupt
    assert output == case.expected
"""


def screen(written: str) -> list[str]:
    """Return the lines that a terminal shows after what was written to it."""
    lines, row, column = [""], 0, 0
    for part in re.findall(
        r"\x1b\[\d*[A-Za-z]|\x1b\[[\d;]*m|[\r\n]|[^\x1b\r\n]+", written
    ):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            column = 0
        elif part == "\x1b[K":
            lines[row] = lines[row][:column]
        elif part == "\x1b[A":
            row -= 1
        elif part.startswith("\x1b["):
            column += int(part[2:-1]) if part.endswith("C") else 0
        else:
            old = lines[row].ljust(column)
            lines[row] = old[:column] + part + old[column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines]


@pytest.mark.skipif(sys.platform == "win32", reason="pexpect has no terminal there")
def test_a_terminal_shows_one_live_line_and_keeps_nothing_of_it(
    project: Project,
) -> None:
    project.pytester.makeconftest(SLOW)
    project.write_test(PRINTING)
    project.write_cases(64)

    written = shown_in_terminal(project.pytester)

    live = re.findall(r"test_sort: (\d+) of 64 cases", written)
    assert live
    assert [int(done) for done in live] == sorted(map(int, live))
    assert "100.0% right so far" in written
    assert "printed by a body" not in written
    kept = screen(written)
    assert "test_sort.py .." in kept[kept.index("collected 2 items") + 3]
    live_line = re.compile(r"so far|^test_sort: \d+ of 64 cases")
    assert not list(filter(live_line.search, kept))


@pytest.fixture
def every_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that has a line as soon as anything happens, not every half a minute."""
    monkeypatch.setattr(LogLines, "every_s", 0.0)


@pytest.mark.usefixtures("every_moment")
def test_a_log_has_whole_lines_and_what_bodies_print_stays_captured(
    project: Project,
) -> None:
    project.pytester.makeconftest(SLOW.replace("0.25", "0"))
    project.write_test(PRINTING.replace(", threads=2", ""))
    project.write_cases(3)

    result = project.run()

    lines = [line for line in result.outlines if line.startswith("test_sort: ")]
    assert lines[-1].startswith("test_sort: 3 of 3 cases, 100.0% right so far")
    assert "printed by a body" not in result.stdout.str()
    result.assert_outcomes(passed=2)


@pytest.mark.usefixtures("every_moment")
def test_a_quiet_run_shows_nothing(project: Project) -> None:
    result = project.run("-q")

    assert "test_sort: " not in result.stdout.str()


def test_a_short_run_leaves_no_line_in_a_log(project: Project) -> None:
    result = project.run()

    assert "test_sort: " not in result.stdout.str()


def test_an_interrupted_run_says_what_was_done_and_asks_only_for_the_rest(
    project: Project,
) -> None:
    project.write_test(STOPPED)

    stopped = interrupted(project)
    again = project.run()

    stopped.stdout.fnmatch_lines(
        [
            "interrupted after 12 of 20 trials judged, * calls: the replies that came "
            "are kept; run it again to go on"
        ]
    )
    told = int(re.findall(r"judged, (\d+) calls", stopped.stdout.str())[0])
    asked = int(re.findall(r"requests: (\d+)", stopped.stdout.str())[0])
    assert 12 < told <= asked
    again.assert_outcomes(passed=1)
    asked_again = int(re.findall(r"requests: (\d+)", again.stdout.str())[0])
    assert asked + asked_again <= 20 + (asked - told)


def test_an_interrupt_in_a_body_with_threads_does_not_wait_for_the_others(
    project: Project,
) -> None:
    project.write_test(STOPPED.replace("min_score=0.5", "min_score=0.5, threads=4"))

    result = interrupted(project)

    result.stdout.fnmatch_lines(["interrupted after * of 20 trials judged, *"])


def test_where_workers_had_the_tests_those_that_had_ended_are_told(
    project: Project,
) -> None:
    # As in the controller of pytest-xdist, which has reports and no session of its own.
    controller = Controller(project.pytester.parseconfig("-p", "promptopt"))
    result = TestResult(
        nodeid="test_sort.py::test_sort",
        selector="test_sort.py::test_sort",
        prompt="prompts/sort.j2",
        model="scripted:skill",
        verdict=gate.error("provider", "no reply"),
        calls=19,
        cached=1,
    )
    controller.take(json.dumps(result.to_json()))

    controller.pytest_keyboard_interrupt()

    assert controller.outbox.remarks == [
        "interrupted after 1 prompt test, 19 calls, 1 from the cache, beside what the "
        "workers had begun: the replies that came are kept; run it again to go on"
    ]


def interrupted(project: Project) -> pytest.RunResult:
    """Run a project whose test raises KeyboardInterrupt, which ends that run alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return project.pytester.runpytest(*plugins_of(()), no_reraise_ctrlc=True)
