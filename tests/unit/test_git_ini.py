"""Pytest's ini values are read as a commit has them, from the file in force then."""

from __future__ import annotations

from pathlib import Path

import pytest
from git_project import GitProject

from pytest_promptopt.errors import SettingError
from pytest_promptopt.git import CommitFiles, ini_at


@pytest.fixture
def project(tmp_path: Path) -> GitProject:
    return GitProject.started(tmp_path / "project")


def files_of(project: GitProject, commit: str) -> CommitFiles:
    return CommitFiles(project.path, commit)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\nx = 1\npromptopt_gate = report ; or\n"),
        (".pytest.ini", "[pytest]\npromptopt_gate: report ; or\n"),
        ("tox.ini", "[tox]\n[pytest]\npromptopt_gate = report ; or\n"),
        ("setup.cfg", "[tool:pytest]\npromptopt_gate = report ; or\n"),
        ("pytest.toml", "[pytest]\npromptopt_gate = 'report ; or'\n"),
        ("pyproject.toml", "[tool.pytest]\npromptopt_gate = 'report ; or'\n"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\npromptopt_gate = 'report ; or'\n",
        ),
    ],
)
def test_every_file_that_pytest_takes_is_read(
    project: GitProject, name: str, text: str
) -> None:
    commit = project.commit_files({name: text})
    project.write({name: ""})

    found = ini_at(files_of(project, commit), project.path / name)

    assert found == {"promptopt_gate": "report ; or"}


def test_values_are_text_whatever_toml_makes_of_them(project: GitProject) -> None:
    text = "[tool.pytest]\npromptopt_a = 0.05\npromptopt_b = ['x', 'y']\n"
    commit = project.commit_files({"pyproject.toml": text})

    found = ini_at(files_of(project, commit), project.path / "pyproject.toml")

    assert found == {"promptopt_a": "0.05", "promptopt_b": "x\ny"}


def test_a_file_that_a_pull_request_adds_does_not_hide_the_one_before(
    project: GitProject,
) -> None:
    text = "[tool.pytest.ini_options]\npromptopt_alpha = 0.05\n"
    commit = project.commit_files({"pyproject.toml": text})
    project.write({"tests/pytest.ini": "[pytest]\npromptopt_alpha = 0.0001\n"})

    found = ini_at(files_of(project, commit), project.path / "tests" / "pytest.ini")

    assert found == {"promptopt_alpha": "0.05"}


def test_the_first_file_of_a_folder_counts_as_it_does_for_pytest(
    project: GitProject,
) -> None:
    commit = project.commit_files(
        {
            "pyproject.toml": "[tool.other]\n",
            "tox.ini": "[pytest]\npromptopt_gate = report\n",
            "setup.cfg": "[tool:pytest]\npromptopt_gate = enforce\n",
        }
    )

    found = ini_at(files_of(project, commit), project.path / "pyproject.toml")

    assert found == {"promptopt_gate": "report"}
    commit = project.commit_files({"pytest.ini": ""})
    assert ini_at(files_of(project, commit), project.path / "pytest.ini") == {}


def test_a_file_given_on_the_command_line_may_have_any_name(
    project: GitProject,
) -> None:
    commit = project.commit_files({"ci/nightly.ini": "[pytest]\npromptopt_a = 1\n"})

    found = ini_at(files_of(project, commit), project.path / "ci/nightly.ini")

    assert found == {"promptopt_a": "1"}


def test_a_project_without_a_file_has_no_values(project: GitProject) -> None:
    assert (
        ini_at(files_of(project, project.commit()), project.path / "pytest.ini") == {}
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pytest.ini", "x = 1\n", "File contains no section headers."),
        ("pytest.toml", "[pytest\n", "Expected ']' at the end of a table"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(
    project: GitProject, name: str, text: str, said: str
) -> None:
    commit = project.commit_files({name: text})

    with pytest.raises(SettingError) as caught:
        ini_at(files_of(project, commit), project.path / name)

    place = f"{project.path / name} at commit {commit[:8]} cannot be read: {said}"
    assert caught.value.problem.startswith(place)
    assert caught.value.hint == (
        "mend it on the base branch; --promptopt-compare=none compares with the "
        "committed baseline only"
    )
