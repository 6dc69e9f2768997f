"""A pull request does not decide that everybody may read the texts of cases."""

from __future__ import annotations

import pytest
from conftest import Project
from repositories import Repository

SAYS = "promptopt_show_data = {}"


@pytest.fixture(autouse=True)
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")


def worse(repository: Repository, *said: str) -> str:
    """Run the gate on a worse prompt, with lines in the pull request's ini file."""
    repository.project.write_ini(*said)
    repository.project.write_prompt("Skill 8")
    return str(repository.run("-v").stdout)


def repository_saying(project: Project, *said: str) -> Repository:
    project.write_ini(*said)
    return Repository(project)


def shows(told: str) -> bool:
    return "texts of cases and replies are withheld" not in told


def test_its_ini_file_cannot_show_what_the_base_withholds(project: Project) -> None:
    told = worse(repository_saying(project), SAYS.format("full"))

    assert not shows(told)
    assert "a change of promptopt_show_data holds once it is on the base branch" in told


def test_its_ini_file_cannot_take_back_that_the_base_withholds(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI")
    told = worse(repository_saying(project, SAYS.format("ids")))

    assert not shows(told)
    assert "ini key promptopt_show_data at the base commit says so" in told


def test_its_addopts_cannot_show_it_either(project: Project) -> None:
    told = worse(repository_saying(project), "addopts = --promptopt-show-data=full")

    assert not shows(told)


def test_it_can_withhold_what_the_base_shows(project: Project) -> None:
    told = worse(repository_saying(project, SAYS.format("full")), SAYS.format("ids"))

    assert not shows(told)


def test_what_the_base_shows_is_shown(project: Project) -> None:
    repository = repository_saying(project, SAYS.format("full"))

    assert shows(worse(repository, SAYS.format("full")))


def test_whoever_starts_the_run_is_shown_what_they_ask_for(project: Project) -> None:
    repository = repository_saying(project)
    repository.project.write_prompt("Skill 8")

    told = str(repository.run("--promptopt-show-data=full").stdout)

    assert shows(told)


@pytest.mark.parametrize("workers", [(), ("-n1",)])
def test_where_the_base_cannot_be_found_nothing_is_shown(
    project: Project, workers: tuple[str, ...]
) -> None:
    repository = repository_saying(project, SAYS.format("full"))
    repository.project.write_prompt("Skill 8")

    told = str(project.run("--promptopt-compare=nowhere", *workers).stdout)

    assert "this clone has no branch" in told
    assert not shows(told)
