"""Model settings named on the marker: read from the application, and at the base."""

from __future__ import annotations

import pytest
from conftest import Project
from repositories import Repository

NAMED = """
import pytest

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", request="app.llm:SORT")
def test_sort(case, output):
    assert output == case.expected
"""
SETTINGS = """
import app_needs_this_and_it_is_not_installed

BASE = {"seed": None}
SORT = {**BASE, "skill": 20}
"""
MODEL = '''
import re
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    """Say what the ticket asks to be said, if the settings have the skill for it."""
    said = re.search(r"Case (\\d+): say (\\w+)", request.messages[-1].content)
    skilled = int(said[1]) < request.settings["skill"]
    return said[2] if skilled else "nonsense"

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer)
'''


@pytest.fixture
def named(project: Project) -> Project:
    project.pytester.makeconftest(MODEL)
    project.write_test(NAMED)
    write_settings(project, SETTINGS)
    return project


def write_settings(project: Project, text: str) -> None:
    folder = project.path / "src" / "app"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "llm.py").write_text(text, encoding="utf-8")


def test_settings_are_read_from_the_application_and_never_imported(
    named: Project,
) -> None:
    named.record()

    result = named.run()

    result.stdout.fnmatch_lines(["*pass (unchanged): 100.0%*[[]0 calls[]]"])


def test_a_changed_setting_of_the_application_is_an_edit(named: Project) -> None:
    repository = Repository(named)
    write_settings(named, SETTINGS.replace("20", "9"))

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: fail (worse)", "*the request changed: skill*"]
    )


def test_a_setting_recorded_anew_does_not_hide_what_the_base_has(
    named: Project,
) -> None:
    repository = Repository(named)
    write_settings(named, SETTINGS.replace("20", "9"))
    named.record()
    repository.commit("Worse settings, with a record of their own")

    result = repository.run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(["prompts/sort.j2: fail (worse)"])


def test_settings_that_cannot_be_read_are_told_with_their_line(named: Project) -> None:
    write_settings(named, "import os\nSORT = {'user': os.environ['USER']}\n")

    result = named.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*llm.py:2: a constant of model settings holds *, which exists only when "
            "the program runs",
            "*hint: write the value out; or import the dict in the test module*",
        ]
    )
