"""Earlier versions of files, as git's history has them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from git_project import GitProject

from pytest_promptopt.git.earlier import earlier_files, revisions

if TYPE_CHECKING:
    from pytest_promptopt.prompts.files import Files


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> GitProject:
    """A prompt that was changed, renamed, and changed again; and one that was not."""
    made = GitProject.started(tmp_path_factory.mktemp("git") / "project")
    body = "a line that stays\n" * 9
    made.commit_files({"p/a b.j2": f"one\n{body}", "q.j2": "steady\n"})
    made.commit_files({"p/a b.j2": f"two\n{body}"})
    made.commit_files({"other.txt": "no prompt\n"})
    made.git("mv", "p/a b.j2", ":(x)*.j2")
    made.commit()
    made.commit_files({":(x)*.j2": f"three\n{body}"})
    return made


def starts(project: GitProject, *names: str) -> list[list[str]]:
    paths = [project.path / name for name in names]
    return [
        [start(files, path) for path in paths]
        for files in earlier_files(project.path, paths)
    ]


def start(files: Files, path: Path) -> str:
    if not files.is_file(path):
        return "-"
    assert files.exists(path)
    assert files.resolve(path) == path
    return files.read_bytes(path).decode().split("\n", maxsplit=1)[0]


def test_each_content_is_there_once_and_the_latest_first(project: GitProject) -> None:
    assert starts(project, ":(x)*.j2") == [["three"], ["two"], ["one"]]


def test_a_file_that_did_not_change_keeps_its_content_beside_one_that_did(
    project: GitProject,
) -> None:
    assert starts(project, ":(x)*.j2", "q.j2") == [
        ["three", "steady"],
        ["two", "steady"],
        ["one", "steady"],
    ]


def test_a_shallow_clone_has_a_shorter_history(
    project: GitProject, tmp_path: Path
) -> None:
    cloned = project.clone(tmp_path / "cloned", "--depth=1")

    assert starts(cloned, ":(x)*.j2") == [["three"]]


def test_what_git_does_not_know_has_no_history(
    project: GitProject, tmp_path: Path
) -> None:
    outside = tmp_path / "p.j2"
    outside.write_text("one\n")

    assert revisions(project.path.resolve(), outside) == ()
    assert revisions(tmp_path, outside) == ()
    assert list(earlier_files(project.path, [outside, project.path / "new.j2"])) == []
