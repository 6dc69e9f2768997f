"""A provider that is away: an error at once, or skipped aloud, never a wrong answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project
    from repositories import Repository

AWAY = """
from pytest_promptopt import Completion
from pytest_promptopt.errors import ModelError, ProviderOutage

class House:
    def complete(self, request):
        text = request.messages[-1].content
        index = int(text.split("Case ")[1].split(":")[0])
        if index >= {up_to}:
            raise {error}
        return Completion(text=text.rpartition(" ")[2])

def pytest_promptopt_model(config, name, role):
    return House()
"""
GONE = 'ProviderOutage("no reply for 60 s", "run it again", retryable=True)'
WORD = "promptopt_on_outage = skip"


def outage(project: Project, *ini: str, up_to: int = 3, error: str = GONE) -> None:
    """Have the model go away with one of its cases."""
    project.pytester.makeconftest(AWAY.format(up_to=up_to, error=error))
    project.write_ini("promptopt_concurrency = 1", *ini)


def test_what_an_outage_leaves_unjudged_is_an_error(project: Project) -> None:
    outage(project)

    result = project.run("-rs")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "prompts/sort.j2: error (provider)",
            "*17 of 20 requests got no reply*",
            "*no reply for 60 s*",
            "*hint: run it again*",
        ]
    )


@pytest.mark.parametrize("arguments", [(), ("-q",), ("-W", "error"), ("-n2",)])
def test_it_is_skipped_aloud_if_the_project_says_so(
    project: Project, arguments: tuple[str, ...]
) -> None:
    outage(project, WORD)

    result = project.run("-rs", *arguments)

    assert result.ret == 0
    result.assert_outcomes(skipped=1, warnings=0 if "error" in arguments else 1)
    result.stdout.fnmatch_lines(
        [
            "*= prompts =*",
            "prompts/sort.j2 (*): error (provider)*",
            "*outage: skipped without being judged, as promptopt_on_outage says: *",
        ]
    )
    result.stdout.fnmatch_lines(["SKIPPED *test_sort.py*prompts/sort.j2: error *"])


def test_the_page_names_what_has_it_skipped() -> None:
    page = (Path(__file__).parents[2] / "docs" / "engine.md").read_text("utf-8")

    assert f"```ini\n[pytest]\n{WORD}\n```" in page


def test_only_an_outage_is_skipped(project: Project) -> None:
    outage(project, WORD, error='ModelError("status 401", "set the key")')

    assert project.run().parseoutcomes() == {"failed": 1}


def test_a_few_replies_that_are_missing_are_no_reason_to_skip(project: Project) -> None:
    outage(project, WORD, up_to=20)
    project.record()
    outage(project, WORD, up_to=19)
    project.write_prompt("Skill 21")

    result = project.run()

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*inconclusive (provider)*"])


FALTERING = """
import re
from pytest_promptopt import Completion, ModelError

class House:
    calls = 0
    def complete(self, request):
        text = request.messages[-1].content
        self.calls += 1
        index = int(text.split("Case ")[1].split(":")[0])
        if self.calls > 120 and index % 10 < 3:
            raise ModelError("busy", "run it again")
        good = index < int(re.search(r"Skill (\\d+)", text)[1])
        return Completion(text=text.rpartition(" ")[2] if good else "?")

def pytest_promptopt_model(config, name, role):
    return House()
"""


def test_a_second_look_with_a_third_of_its_replies_missing_decides_nothing(
    project: Project,
) -> None:
    project.record()
    project.pytester.makeconftest(FALTERING)
    project.write_ini("promptopt_concurrency = 1")
    project.write_prompt("Skill 18")

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: error (provider)", "*36 of 240 requests got no reply*"]
    )


def test_a_recording_is_never_skipped(project: Project) -> None:
    outage(project, WORD)

    result = project.run("--promptopt-update-baseline")

    result.assert_outcomes(failed=1)
    assert not list(project.path.rglob("*.json"))


def test_the_tests_after_an_outage_are_not_sent(project: Project) -> None:
    outage(project, up_to=0)
    text = (project.path / "test_sort.py").read_text("utf-8")
    project.write_test(text + text.partition("\n\n")[2].replace("_sort", "_again"))

    result = project.run()

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["*error (provider): for the same reason as test_sort.py::test_sort"]
    )


@pytest.mark.parametrize(
    ("ini", "arguments", "outcomes"),
    [
        ((WORD,), (), {"failed": 1}),
        (("addopts = -o promptopt_on_outage=skip",), (), {"failed": 1}),
        ((), ("-o", "promptopt_on_outage=skip"), {"skipped": 1, "warnings": 1}),
    ],
)
def test_a_pull_request_cannot_have_itself_skipped(
    project: Project,
    repository: Repository,
    ini: tuple[str, ...],
    arguments: tuple[str, ...],
    outcomes: dict[str, int],
) -> None:
    outage(project, *ini)
    project.write_prompt("Skill 12")

    result = repository.run(*arguments)

    assert result.parseoutcomes() == outcomes


def test_a_word_that_is_none_ends_with_exit_code_4(project: Project) -> None:
    project.write_ini("promptopt_on_outage = ignore")

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "'ignore' is none of fail, skip" in result.stderr.str()


def test_the_junit_report_says_why(project: Project) -> None:
    outage(project, WORD)

    project.run("--junitxml=report.xml")

    report = (project.path / "report.xml").read_text("utf-8")
    assert "<skipped" in report
    assert "error (provider)" in report
    assert json.dumps(report).isascii()
