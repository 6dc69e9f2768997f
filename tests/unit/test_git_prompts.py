"""A prompt is loaded from a commit as it is from the disk, includes and all."""

from __future__ import annotations

from pathlib import Path

import pytest
from git_project import GitProject

from pytest_promptopt.errors import SourceError, TemplateError
from pytest_promptopt.git import CommitFiles
from pytest_promptopt.prompts import Prompt, load_prompt
from pytest_promptopt.prompts.files import DISK


@pytest.fixture
def project(tmp_path: Path) -> GitProject:
    return GitProject.started(tmp_path / "project")


def load(project: GitProject, key: str, commit: str | None = None) -> Prompt:
    files = DISK if commit is None else CommitFiles(project.path, commit)
    roots = [project.path, project.path / "tests"]
    return load_prompt({"": key}, roots=roots, files=files)


def test_an_untouched_prompt_is_the_same_prompt(project: GitProject) -> None:
    commit = project.commit_files(
        {"prompts/p.j2": "{% include 'rules.j2' %}\n", "prompts/rules.j2": "Sort.\n"}
    )

    before, now = load(project, "prompts/p.j2", commit), load(project, "prompts/p.j2")

    assert before.snapshot() == now.snapshot()
    assert before.fingerprint == now.fingerprint
    assert before.sources[0].path == now.sources[0].path


def test_includes_are_read_from_the_commit_too(project: GitProject) -> None:
    commit = project.commit_files(
        {"prompts/p.j2": "{% include 'rules.j2' %}", "prompts/rules.j2": "Old."}
    )
    project.write({"prompts/rules.j2": "New."})

    assert load(project, "prompts/p.j2", commit).render({})[0].content == "Old."
    assert load(project, "prompts/p.j2").render({})[0].content == "New."


def test_an_include_that_the_commit_has_not_is_not_taken_from_the_disk(
    project: GitProject,
) -> None:
    commit = project.commit_files({"p.j2": "{% include 'rules.j2' %}"})
    project.write({"rules.j2": "New."})

    with pytest.raises(TemplateError, match=r"template 'rules\.j2' does not exist"):
        load(project, "p.j2", commit)


def test_a_nearer_file_of_the_work_tree_does_not_hide_the_commits(
    project: GitProject,
) -> None:
    commit = project.commit_files({"tests/p.j2": "Old."})
    project.write({"p.j2": "New."})

    assert load(project, "p.j2", commit).text == "Old."
    assert load(project, "p.j2").text == "New."


def test_a_constant_is_read_from_the_commits_module(project: GitProject) -> None:
    commit = project.commit_files({"src/shop/prompts.py": "SORT = '''\nOld\n'''\n"})
    project.write({"src/shop/prompts.py": "raise SystemExit\nSORT = 'New'\n"})

    assert load(project, "shop.prompts:SORT", commit).text == "\nOld\n"
    assert load(project, "shop.prompts:SORT").text == "New"


@pytest.mark.parametrize(("key", "file"), [("p.j2", "p.j2"), ("shop:SORT", "shop.py")])
def test_line_ends_of_a_checkout_are_no_edit(
    project: GitProject, key: str, file: str
) -> None:
    text = "SORT = '''Sort\n{{ a }}\n'''\n"
    project.git("config", "core.autocrlf", "true")
    commit = project.commit_files({file: text.replace("\n", "\r\n")})
    stored = CommitFiles(project.path, commit).read_bytes(project.path / file)

    before, now = load(project, key, commit), load(project, key)

    assert stored == text.encode()
    assert b"\r\n" in (project.path / file).read_bytes()
    assert before.fingerprint == now.fingerprint


def test_a_prompt_that_the_commit_has_not_names_what_it_has(
    project: GitProject,
) -> None:
    commit = project.commit_files({"prompts/sort.j2": "Old."})
    project.write({"prompts/sorts.j2": "New."})

    with pytest.raises(SourceError) as caught:
        load(project, "prompts/sorts.j2", commit)

    assert caught.value.hint == "did you mean 'prompts/sort.j2'?"


def test_a_prompt_of_a_commit_cannot_leave_its_folders(project: GitProject) -> None:
    project.write({"tests/inner/p.j2": "{% include 'rules.j2' %}", "rules.j2": "x"})
    (project.path / "tests/inner/rules.j2").symlink_to("../../rules.j2")
    commit = project.commit()
    files = CommitFiles(project.path, commit)

    with pytest.raises(TemplateError, match="leads out of the prompt's folders"):
        load_prompt({"": "p.j2"}, roots=[project.path / "tests/inner"], files=files)


def test_the_disk_is_what_it_is(tmp_path: Path) -> None:
    for name in ("a/b.j2", ".hidden/c.j2", "node_modules/d.j2", "e.j2"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    assert list(DISK.names(tmp_path)) == ["e.j2", "a/b.j2"]
    assert DISK.is_file(tmp_path / "e.j2")
    assert not DISK.is_file(tmp_path / "a")
    assert not DISK.exists(tmp_path / ("x" * 5000))
