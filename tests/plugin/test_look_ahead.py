"""Which prompt tests' requests are sent before their own turn, and which never."""

from __future__ import annotations

import pytest
from conftest import Project

CONFTEST = """
import re
from pathlib import Path
from pytest_promptopt.testing import ScriptedModel

LOG = Path(__file__).with_name("log.txt")

def note(line):
    with LOG.open("a") as log: log.write(line + "\\n")

def answer(request):
    note("asked " + re.search(r"Test (\\w+)", request.messages[-1].content)[1])
    return "right"

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer)

def pytest_runtest_setup(item):
    note("turn of " + item.name.partition("_")[2])

def pytest_runtest_teardown(item):
    # What was started ahead is awaited: in flight is not yet in the log.
    session = item.config.pluginmanager.get_plugin("promptopt-session")
    for conduct in session.suite._conducts.values():
        for reply in conduct.in_flight(): reply.exception()
"""

PROMPT_TEST = """
{marks}
@pytest.mark.prompt("prompts/{name}.j2", cases=[{{"id": "one", "word": "right"}}])
def test_{name}(case, output):
    assert output == {expected!r}
"""

ORDINARY = "\ndef test_ordinary(): pass\n"


@pytest.fixture
def suite(project: Project) -> Project:
    project.pytester.makeconftest(CONFTEST)
    return project


def prompt_test(
    project: Project, name: str, *marks: str, expected: str = "right"
) -> str:
    """Return the source of a prompt test whose prompt names it."""
    path = project.path / "prompts" / f"{name}.j2"
    path.write_text(f"Test {name}: {{{{ word }}}}\n")
    return PROMPT_TEST.format(name=name, marks="\n".join(marks), expected=expected)


def write(project: Project, *sources: str) -> None:
    project.write_test("\n".join(["import pytest", *sources]))


def log(project: Project) -> list[str]:
    return (project.path / "log.txt").read_text().splitlines()


def asked_in_turn(project: Project, name: str) -> set[str]:
    """Return whose prompts were asked between a test's setup and the next one's."""
    lines = log(project)
    rest = lines[lines.index(f"turn of {name}") + 1 :]
    turns = [at for at, line in enumerate(rest) if line.startswith("turn of")]
    turn = rest[: turns[0]] if turns else rest
    return {line.partition(" ")[2] for line in turn}


def test_the_first_of_a_run_of_prompt_tests_starts_all_of_them(suite: Project) -> None:
    names = ("a", "b", "c")
    write(suite, *(prompt_test(suite, name) for name in names))

    suite.run().assert_outcomes(passed=3, warnings=3)

    assert asked_in_turn(suite, "a") == {"a", "b", "c"}
    assert sorted(line for line in log(suite) if "asked" in line) == [
        "asked a",
        "asked b",
        "asked c",
    ]


def test_an_ordinary_test_breaks_the_run(suite: Project) -> None:
    first, second = prompt_test(suite, "a"), prompt_test(suite, "b")
    later = prompt_test(suite, "c")
    write(suite, first, second, ORDINARY, later)

    suite.run().assert_outcomes(passed=4, warnings=3)

    assert asked_in_turn(suite, "a") == {"a", "b"}
    assert asked_in_turn(suite, "ordinary") == set()
    assert asked_in_turn(suite, "c") == {"c"}


@pytest.mark.parametrize(
    ("mark", "outcomes"),
    [
        ("@pytest.mark.skip", {"skipped": 1}),
        ("@pytest.mark.skipif(True, reason='no')", {"skipped": 1}),
        ("@pytest.mark.xfail(run=False)", {"xfailed": 1}),
    ],
)
def test_a_test_that_is_not_run_is_never_asked_and_breaks_no_run(
    suite: Project, mark: str, outcomes: dict[str, int]
) -> None:
    first, left_out = prompt_test(suite, "a"), prompt_test(suite, "b", mark)
    write(suite, first, left_out, prompt_test(suite, "c"))

    suite.run().assert_outcomes(passed=2, warnings=2, **outcomes)

    assert asked_in_turn(suite, "a") == {"a", "c"}
    assert "asked b" not in log(suite)


def test_a_test_that_may_be_skipped_waits_for_its_own_turn(suite: Project) -> None:
    mark = "@pytest.mark.skipif(False, reason='no')"
    write(suite, prompt_test(suite, "a"), prompt_test(suite, "b", mark))

    suite.run().assert_outcomes(passed=2, warnings=2)

    assert asked_in_turn(suite, "a") == {"a"}
    assert asked_in_turn(suite, "b") == {"b"}


@pytest.mark.parametrize("option", ["-x", "--maxfail=1", "--sw", "--pdb"])
def test_a_run_that_may_stop_starts_only_the_next_test(
    suite: Project, option: str
) -> None:
    names = ("a", "b", "c")
    write(suite, *(prompt_test(suite, name) for name in names))

    suite.run(option).assert_outcomes(passed=3, warnings=3)

    assert asked_in_turn(suite, "a") == {"a", "b"}
    assert asked_in_turn(suite, "b") == {"c"}
    assert asked_in_turn(suite, "c") == set()


def test_what_comes_after_the_next_test_is_not_paid_for_when_the_first_fails(
    suite: Project,
) -> None:
    wrong = prompt_test(suite, "a", expected="wrong").replace(
        "cases=", "min_score=1, cases="
    )
    broken = wrong.replace("assert", "raise ValueError  #")
    write(suite, broken, prompt_test(suite, "b"), prompt_test(suite, "c"))

    suite.run("-x").assert_outcomes(failed=1)

    assert asked_in_turn(suite, "a") == {"a", "b"}
    assert "asked c" not in log(suite)


def test_a_worker_starts_nothing_beyond_its_next_test(suite: Project) -> None:
    names = ("a", "b", "c", "d")
    write(suite, *(prompt_test(suite, name) for name in names))

    result = suite.run("-n1", "--maxschedchunk=4")

    result.assert_outcomes(passed=4, warnings=4)
    assert asked_in_turn(suite, "a") == {"a", "b"}
    assert asked_in_turn(suite, "b") == {"c"}
    assert asked_in_turn(suite, "c") == {"d"}


def test_a_deselected_test_is_never_asked(suite: Project) -> None:
    names = ("a", "b", "c")
    write(suite, *(prompt_test(suite, name) for name in names))

    suite.run("-k", "not test_b").assert_outcomes(passed=2, deselected=1, warnings=2)

    assert asked_in_turn(suite, "a") == {"a", "c"}
    assert "asked b" not in log(suite)
