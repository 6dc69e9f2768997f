"""A prompt test that a pull request takes away is found, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from git_project import GitProject

from pytest_promptopt.baseline import path_for
from pytest_promptopt.git import AbsentTest, CommitFiles, absent_tests

MARKED = """
import pytest

@pytest.mark.prompt("p.j2", cases="c.jsonl")
def test_sort(case, output):
    assert output == case.expected

@pytest.mark.prompt("p.j2", cases="c.jsonl")
@pytest.mark.parametrize("size", ["small", "Größe"])
class TestShop:
    def test_tone(self, case, output, size):
        assert output
"""
NAMES = ("test_sort", "TestShop.test_tone[small]", "TestShop.test_tone[Größe]")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GitProject:
    project = GitProject.started(tmp_path_factory.mktemp("recorded") / "project")
    file = Path("tests/test_x.py")
    records = {path_for(file, name).as_posix(): "{}" for name in NAMES}
    looks = {"tests/__prompt_baselines__/test_x/test_sort.looks.jsonl": ""}
    project.commit_files({"tests/test_x.py": MARKED, **records, **looks})
    return project


@pytest.fixture
def project(recorded: GitProject, tmp_path: Path) -> GitProject:
    return recorded.copy(tmp_path / "project")


def absent(project: GitProject, *known: str) -> tuple[AbsentTest, ...]:
    records = {path_for(project.path / "tests/test_x.py", name) for name in known}
    return absent_tests(
        CommitFiles(project.path, project.git("rev-parse", "HEAD")),
        root=project.path,
        present=lambda record: record in records,
    )


def told(project: GitProject, *known: str) -> list[tuple[str, str]]:
    return [(gone.test, gone.why) for gone in absent(project, *known) if gone.why]


def test_nothing_is_removed_where_nothing_changed(project: GitProject) -> None:
    assert told(project) == []


def test_a_test_that_stands_but_is_not_in_this_run_has_no_reason(
    project: GitProject,
) -> None:
    found = absent(project, "TestShop.test_tone[small]", "TestShop.test_tone[Größe]")

    assert [(entry.test, entry.why) for entry in found] == [
        ("tests/test_x.py::test_sort", "")
    ]


def test_a_file_that_is_gone_is_told_for_each_of_its_tests(
    project: GitProject,
) -> None:
    (project.path / "tests/test_x.py").unlink()

    gone = absent(project)

    assert [(entry.test, entry.why) for entry in gone] == [
        ("tests/test_x.py::TestShop::test_tone[Größe]", "its file is gone"),
        ("tests/test_x.py::TestShop::test_tone[small]", "its file is gone"),
        ("tests/test_x.py::test_sort", "its file is gone"),
    ]
    assert gone[2].record == path_for(project.path / "tests/test_x.py", "test_sort")


def test_a_function_that_is_gone_is_told_whether_or_not_its_record_is(
    project: GitProject,
) -> None:
    renamed = MARKED.replace("def test_sort", "def check_sort")
    project.write({"tests/test_x.py": renamed})

    assert told(project) == [("tests/test_x.py::test_sort", "the function is gone")]
    path_for(project.path / "tests/test_x.py", "test_sort").unlink()
    assert told(project) == [("tests/test_x.py::test_sort", "the function is gone")]


def test_a_marker_that_is_gone_is_told(project: GitProject) -> None:
    unmarked = MARKED.replace(
        '@pytest.mark.prompt("p.j2", cases="c.jsonl")\ndef', "def"
    )
    project.write({"tests/test_x.py": unmarked})

    assert told(project) == [
        ("tests/test_x.py::test_sort", "it has no prompt marker any more")
    ]


def test_what_this_run_has_is_not_looked_into(project: GitProject) -> None:
    (project.path / "tests/test_x.py").unlink()

    assert told(project, "test_sort", "TestShop.test_tone[small]") == [
        ("tests/test_x.py::TestShop::test_tone[Größe]", "its file is gone")
    ]


def test_a_record_left_behind_earlier_is_nobodys_removal(project: GitProject) -> None:
    left = path_for(Path("tests/test_x.py"), "test_old").as_posix()
    other = path_for(Path("tests/test_gone.py"), "test_old").as_posix()
    project.commit_files({left: "{}", other: "{}"})

    assert told(project) == []


@pytest.mark.parametrize("text", ["def test_sort(:", b"\xff", "from y import *\n"])
def test_what_cannot_be_decided_is_not_removed(
    project: GitProject, text: str | bytes
) -> None:
    project.write({"tests/test_x.py": text})
    classes = ("TestShop.test_tone[small]", "TestShop.test_tone[Größe]")

    assert told(project, *classes) == []


def test_a_long_parameter_id_is_told_as_far_as_its_record_has_it(
    project: GitProject,
) -> None:
    record = path_for(Path("tests/test_x.py"), f"test_sort[{'x' * 200}]").as_posix()
    project.commit_files({record: "{}"})
    (project.path / "tests/test_x.py").unlink()

    tests = [test for test, _ in told(project)]

    assert f"tests/test_x.py::test_sort[{'x' * 73}..." in tests


def test_only_what_is_below_the_root_is_told(project: GitProject) -> None:
    (project.path / "tests/test_x.py").unlink()
    (project.path / "docs").mkdir()
    files = CommitFiles(project.path, project.git("rev-parse", "HEAD"))

    inside = absent_tests(files, root=project.path / "tests", present=lambda _: False)
    outside = absent_tests(files, root=project.path / "docs", present=lambda _: False)

    assert [entry.test for entry in inside][-1] == "test_x.py::test_sort"
    assert outside == ()
