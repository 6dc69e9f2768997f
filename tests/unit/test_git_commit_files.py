"""Files of a commit are read from git's objects, whatever the work tree has now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from git_project import GitProject

from pytest_promptopt.errors import BaselineError, SettingError, SourceError
from pytest_promptopt.git import CommitFiles, work_tree


@pytest.fixture
def project(tmp_path: Path) -> GitProject:
    return GitProject.started(tmp_path / "project")


def files_of(project: GitProject, commit: str) -> CommitFiles:
    return CommitFiles(project.path, commit)


def test_a_file_is_as_it_was_at_the_commit(project: GitProject) -> None:
    commit = project.commit_files({"prompts/p.j2": "old\n"})
    project.write({"prompts/p.j2": "new\n", "prompts/q.j2": "new\n"})

    files = files_of(project, commit)

    assert files.read_bytes(project.path / "prompts/p.j2") == b"old\n"
    assert files.is_file(project.path / "prompts/p.j2")
    assert files.exists(project.path / "prompts")
    assert not files.is_file(project.path / "prompts")
    assert not files.exists(project.path / "prompts/q.j2")
    with pytest.raises(FileNotFoundError):
        files.read_bytes(project.path / "prompts/q.j2")


@pytest.mark.parametrize(
    "name", ["with space.j2", "größe/ünï.j2", 'it\'s "q".j2', ":(glob)*.j2", "-x.j2"]
)
def test_a_name_may_have_any_signs(project: GitProject, name: str) -> None:
    commit = project.commit_files({name: "old"})

    assert files_of(project, commit).text(project.path / name) == "old"
    assert list(files_of(project, commit).names(project.path)) == [name]


def test_a_relative_path_is_from_the_top(project: GitProject) -> None:
    commit = project.commit_files({"a/b.txt": "old"})

    assert files_of(project, commit).text(Path("a/b.txt")) == "old"
    assert files_of(project, commit).text(project.path / "a/x/../b.txt") == "old"


def test_what_is_outside_the_work_tree_is_not_there(project: GitProject) -> None:
    commit = project.commit_files({"p.j2": "old"})
    outside = project.path.parent / "p.j2"
    outside.write_text("new")
    files = files_of(project, commit)

    assert not files.exists(outside)
    assert files.resolve(outside) == outside
    assert list(files.names(outside.parent)) == []


def test_the_work_tree_may_be_reached_through_a_link(project: GitProject) -> None:
    commit = project.commit_files({"tests/p.j2": "old"})
    link = project.path.parent / "link"
    link.symlink_to(project.path / "tests")

    assert files_of(project, commit).text(link / "p.j2") == "old"
    resolved = files_of(project, commit).resolve(link / "p.j2")
    assert resolved == project.path / "tests/p.j2"


def test_a_link_is_followed_as_the_commit_has_it(project: GitProject) -> None:
    project.write({"shared/p.j2": "old", "other/p.j2": "other"})
    link = project.path / "tests" / "prompts"
    link.parent.mkdir()
    link.symlink_to("../shared")
    commit = project.commit()
    link.unlink()
    link.symlink_to("../other")

    files = files_of(project, commit)

    assert files.is_file(link / "p.j2")
    assert files.read_bytes(link / "p.j2") == b"old"
    assert files.resolve(link / "p.j2") == project.path / "shared/p.j2"


def test_links_in_a_circle_are_no_file(project: GitProject) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (project.path / one).symlink_to(other)

    assert not files_of(project, project.commit()).exists(project.path / "a")


def test_a_link_out_of_the_work_tree_is_refused(project: GitProject) -> None:
    link = project.path / "p.j2"
    link.symlink_to("/etc/hostname")
    commit = project.commit()

    with pytest.raises(SourceError) as caught:
        files_of(project, commit).is_file(link)

    assert str(caught.value) == (
        f"{link}: is reached through the link 'p.j2', which at commit {commit[:8]} "
        "leads out of the work tree to '/etc/hostname'\n"
        "  hint: put the file itself there; --promptopt-compare=none compares with the "
        "committed baseline only"
    )


def test_a_file_of_a_submodule_is_refused_and_not_taken_for_a_new_one(
    project: GitProject, tmp_path: Path
) -> None:
    other = GitProject.started(tmp_path / "other")
    other.commit_files({"p.j2": "old"})
    allowed = ("-c", "protocol.file.allow=always")
    project.git(*allowed, "submodule", "--quiet", "add", str(other.path), "sub")
    commit = project.commit()
    files = files_of(project, commit)

    assert not files.exists(project.path / "sub/not_there.j2")
    with pytest.raises(SourceError) as caught:
        files.is_file(project.path / "sub/p.j2")

    assert caught.value.problem == (
        f"{project.path / 'sub/p.j2'}: lies in the submodule 'sub', whose files at "
        f"commit {commit[:8]} are not in this repository"
    )


def test_text_has_plain_line_ends_and_no_byte_order_mark(project: GitProject) -> None:
    commit = project.commit_files({"a.py": b"\xef\xbb\xbfA = 1\r\nB = 2\r\n"})

    assert files_of(project, commit).text(project.path / "a.py") == "A = 1\nB = 2\n"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("test_a.py", SourceError),
        ("__prompt_baselines__/test_a/test_b.json", BaselineError),
    ],
)
def test_a_file_that_is_no_text_is_refused(
    project: GitProject, name: str, kind: type[Exception]
) -> None:
    commit = project.commit_files({name: b"ok\n\xff"})

    with pytest.raises(kind) as caught:
        files_of(project, commit).text(project.path / name)

    assert type(caught.value) is kind
    assert str(caught.value) == (
        f"{project.path / name}:2: byte 3 (b'\\xff') is not UTF-8 (at commit "
        f"{commit[:8]})\n"
        "  hint: save the file as UTF-8"
    )


def test_a_pointer_to_a_large_file_is_not_its_content(project: GitProject) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"
    commit = project.commit_files({"p.j2": pointer})

    with pytest.raises(SourceError, match="is kept in Git LFS at commit"):
        files_of(project, commit).text(project.path / "p.j2")


def test_a_clone_without_blobs_is_refused_and_fetches_nothing(
    project: GitProject, tmp_path: Path
) -> None:
    commit = project.commit_files({"p.j2": "old"})
    project.commit_files({"p.j2": "new"})
    cloned = project.clone(tmp_path / "clone", "--filter=blob:none")

    with pytest.raises(SourceError) as caught:
        CommitFiles(cloned.path, commit).text(cloned.path / "p.j2")

    assert re.fullmatch(
        r".*p\.j2: its content at commit \w{8} is not in this clone: git says .*\n"
        r"  hint: clone the repository without a filter; --promptopt-compare=none "
        r"compares with the committed baseline only",
        str(caught.value),
    )


def test_a_commit_that_is_not_there_is_an_error_and_no_empty_tree(
    project: GitProject,
) -> None:
    project.commit()

    with pytest.raises(SettingError) as caught:
        CommitFiles(project.path, "0" * 40).text(project.path / "p.j2")

    assert caught.value.problem == (
        "the files of commit 00000000 cannot be listed: git says "
        "'fatal: not a tree object'"
    )


def test_git_finds_its_folder_also_within_a_hook(
    project: GitProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = project.commit_files({"tests/p.j2": "old"})
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")

    top = work_tree(project.path / "tests")

    assert top is not None
    assert top.samefile(project.path)
    assert CommitFiles(top, commit).text(project.path / "tests/p.j2") == "old"


def test_a_folder_without_git_is_in_no_work_tree(tmp_path: Path) -> None:
    assert work_tree(tmp_path) is None
    assert work_tree(tmp_path / "not there") is None
