"""The base commit of a run is found, or what is missing is said with its remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from git_project import GitProject

from pytest_promptopt.errors import SettingError
from pytest_promptopt.git import BaseCommit, base_commit

ONLY = "--promptopt-compare=none compares with the committed baseline only"


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> GitProject:
    """A branch ``pr`` checked out, and a main branch that has moved on since."""
    project = GitProject.started(tmp_path_factory.mktemp("forked") / "project")
    project.commit_files({"p.j2": "base"})
    project.git("tag", "forked")
    project.git("switch", "--quiet", "--create", "pr")
    project.commit_files({"p.j2": "edited"})
    project.git("switch", "--quiet", "main")
    project.commit_files({"other.txt": "later"})
    project.git("switch", "--quiet", "pr")
    return project


@pytest.fixture
def project(forked: GitProject, tmp_path: Path) -> GitProject:
    return forked.copy(tmp_path / "project")


def merge_into_main(project: GitProject) -> str:
    """Make what GitHub makes: a merge of the branch into main, on no branch."""
    project.git("switch", "--quiet", "--detach", "main")
    project.git("merge", "--quiet", "--no-ff", "--no-edit", "pr")
    project.git("update-ref", "refs/pull/7/merge", "HEAD")
    return project.git("rev-parse", "HEAD")


def of_option(project: GitProject, option: str | None) -> BaseCommit | None:
    return base_commit(project.path, option=option, environ={})


def of_workflow(project: GitProject, **variables: str) -> BaseCommit | None:
    return base_commit(project.path, option=None, environ=variables)


def refusal(project: GitProject, option: str | None = None, **variables: str) -> str:
    with pytest.raises(SettingError) as caught:
        base_commit(project.path, option=option, environ=variables)
    return str(caught.value)


def test_without_option_and_workflow_there_is_none(project: GitProject) -> None:
    assert of_option(project, None) is None
    assert of_workflow(project, GITHUB_BASE_REF="", GITHUB_EVENT_NAME="push") is None


def test_none_wins_over_the_workflow_also_without_git(tmp_path: Path) -> None:
    variables = {"GITHUB_BASE_REF": "main"}

    assert base_commit(tmp_path, option="none", environ=variables) is None


def test_a_branch_stands_for_where_it_was_left(project: GitProject) -> None:
    forked = project.git("rev-parse", "forked")

    assert of_option(project, "main") == BaseCommit(commit=forked, name="main")
    project.git("switch", "--quiet", "--detach", "pr")
    assert of_option(project, "main") == BaseCommit(commit=forked, name="main")


@pytest.mark.parametrize("name", ["forked", "HEAD~1", "main~1"])
def test_an_ancestor_is_taken_as_it_is(project: GitProject, name: str) -> None:
    forked = project.git("rev-parse", "forked")

    assert of_option(project, name) == BaseCommit(commit=forked, name=name)


def test_head_is_compared_with_for_what_is_not_yet_committed(
    project: GitProject,
) -> None:
    head = project.git("rev-parse", "HEAD")

    assert of_option(project, "HEAD") == BaseCommit(commit=head, name="HEAD")


def test_the_option_wins_over_the_workflow(project: GitProject) -> None:
    variables = {"GITHUB_BASE_REF": "gone"}

    found = base_commit(project.path, option="HEAD", environ=variables)

    assert found is not None
    assert found.name == "HEAD"


@pytest.mark.parametrize("name", ["--upload-pack=touch x", "-h", "", " "])
def test_a_name_never_becomes_an_option(project: GitProject, name: str) -> None:
    assert refusal(project, name) == (
        f"--promptopt-compare={name!r} is no name of a commit\n"
        "  hint: name a branch, tag or commit, such as --promptopt-compare=origin/main"
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mian", "did you mean --promptopt-compare=main?"),
        ("forkd", "did you mean --promptopt-compare=forked?"),
        ("next", "did you mean --promptopt-compare=origin/next?"),
        ("0123456789", f"fetch it, or correct the name; {ONLY}"),
        ("HEAD:p.j2", f"fetch it, or correct the name; {ONLY}"),
        ("main..pr", "did you mean --promptopt-compare=main?"),
    ],
)
def test_a_name_that_is_no_commit_is_refused(
    project: GitProject, name: str, hint: str
) -> None:
    project.git("update-ref", "refs/remotes/origin/next", "main")

    assert refusal(project, name) == (
        f"--promptopt-compare={name!r}: this clone has no branch, tag or commit of "
        f"that name\n  hint: {hint}"
    )


def test_histories_without_a_common_commit_are_refused(project: GitProject) -> None:
    project.git("switch", "--quiet", "--orphan", "other")
    project.commit()

    assert refusal(project, "main") == (
        "--promptopt-compare='main': HEAD and main have no common ancestor\n"
        "  hint: name a commit of HEAD's history: --promptopt-compare=REF; " + ONLY
    )


def test_a_repository_without_commits_is_refused(tmp_path: Path) -> None:
    project = GitProject.started(tmp_path / "project")

    assert refusal(project, "main").startswith(
        "--promptopt-compare='main': this clone has no branch, tag or commit"
    )


def test_an_unborn_head_is_refused(project: GitProject) -> None:
    project.git("switch", "--quiet", "--orphan", "other")

    assert refusal(project, "main") == (
        "--promptopt-compare='main' asks for a base commit, and HEAD is no commit yet\n"
        f"  hint: commit first; {ONLY}"
    )


def test_a_folder_without_git_is_refused_with_what_git_says(tmp_path: Path) -> None:
    assert refusal(GitProject(tmp_path), "main") == (
        f"--promptopt-compare='main' asks for a base commit, and {tmp_path} is in no "
        "git work tree that git would read: git says 'fatal: not a git repository (or "
        "any of the parent directories): .git'\n"
        f"  hint: run pytest in a clone of the repository; {ONLY}"
    )


def test_a_clone_of_another_user_is_refused_with_the_command_that_trusts_it(
    project: GitProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")

    assert refusal(project, GITHUB_BASE_REF="main").endswith(
        f"\n  hint: run: git config --global --add safe.directory {project.path}; "
        + ONLY
    )


def test_a_machine_without_git_is_told_so(
    project: GitProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert refusal(project, "main") == (
        "--promptopt-compare='main' asks for a base commit, and git cannot be run: No "
        f"such file or directory\n  hint: install git; {ONLY}"
    )


def test_a_pull_request_is_compared_with_where_it_left_its_base(
    project: GitProject, tmp_path: Path
) -> None:
    cloned = project.clone(tmp_path / "clone", "--branch", "pr")
    forked = project.git("rev-parse", "forked")
    wanted = BaseCommit(commit=forked, name="main")

    assert of_workflow(cloned, GITHUB_BASE_REF="main") == wanted
    assert of_workflow(project, GITHUB_BASE_REF="main") == wanted


def test_the_remotes_branch_counts_before_one_of_the_clone(
    project: GitProject,
) -> None:
    forked = project.git("rev-parse", "forked")
    project.git("update-ref", "refs/remotes/origin/main", forked)
    project.git("branch", "--force", "main", "pr")
    project.git("tag", "main", "pr")

    found = of_workflow(project, GITHUB_BASE_REF="main")

    assert found == BaseCommit(commit=forked, name="main")


def test_of_githubs_test_merge_the_first_parent_counts(
    project: GitProject, tmp_path: Path
) -> None:
    merge = merge_into_main(project)
    shallow = project.clone(tmp_path / "clone", "--depth=1", "--branch=forked")
    shallow.git("fetch", "--quiet", "--depth=2", "origin", merge)
    shallow.git("checkout", "--quiet", "FETCH_HEAD")

    found = of_workflow(
        shallow,
        GITHUB_BASE_REF="main",
        GITHUB_REF="refs/pull/7/merge",
        GITHUB_SHA=merge,
    )

    main = project.git("rev-parse", "main")
    assert found == BaseCommit(commit=main, name="main")


def test_a_merge_on_the_branch_itself_is_not_taken_for_the_test_merge(
    project: GitProject,
) -> None:
    merge = merge_into_main(project)
    main = project.git("rev-parse", "main")
    project.git("switch", "--quiet", "pr")
    project.git("merge", "--quiet", "--no-ff", "--no-edit", "main")

    found = of_workflow(
        project,
        GITHUB_BASE_REF="main",
        GITHUB_REF="refs/pull/7/merge",
        GITHUB_SHA=merge,
    )

    assert found == BaseCommit(commit=main, name="main")


def test_a_shallow_clone_is_refused_with_the_command_that_mends_it(
    project: GitProject, tmp_path: Path
) -> None:
    merge = merge_into_main(project)
    shallow = project.clone(tmp_path / "clone", "--depth=1", "--branch=pr")
    shallow.git("fetch", "--quiet", "--depth=1", "origin", merge)
    shallow.git("checkout", "--quiet", "FETCH_HEAD")
    workflow = {
        "GITHUB_BASE_REF": "main",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_SHA": merge,
    }
    command = "git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main"

    assert refusal(shallow, **workflow) == (
        "GITHUB_BASE_REF='main': the pull request's base branch is not in this shallow "
        "clone\n"
        f"  hint: set fetch-depth: 0 for actions/checkout, or run: {command}; {ONLY}"
    )
    shallow.typed(command)
    main = project.git("rev-parse", "main")
    assert of_workflow(shallow, **workflow) == BaseCommit(commit=main, name="main")


def test_a_shallow_clone_of_both_branches_has_no_common_ancestor(
    project: GitProject, tmp_path: Path
) -> None:
    options = ("--depth=1", "--no-single-branch", "--branch=pr")
    shallow = project.clone(tmp_path / "clone", *options)

    assert refusal(shallow, "origin/main") == (
        "--promptopt-compare='origin/main': HEAD and origin/main have no common "
        "ancestor in this shallow clone\n"
        "  hint: set fetch-depth: 0 for actions/checkout, or run: git fetch "
        f"--unshallow origin +refs/heads/main:refs/remotes/origin/main; {ONLY}"
    )


def test_a_whole_clone_of_one_branch_is_mended_by_a_plain_fetch(
    project: GitProject, tmp_path: Path
) -> None:
    cloned = project.clone(tmp_path / "clone", "--single-branch", "--branch=pr")
    command = "git fetch origin +refs/heads/main:refs/remotes/origin/main"

    assert refusal(cloned, GITHUB_BASE_REF="main") == (
        "GITHUB_BASE_REF='main': the pull request's base branch is not in this clone\n"
        f"  hint: set fetch-depth: 0 for actions/checkout, or run: {command}; {ONLY}"
    )
    cloned.typed(command)
    assert of_workflow(cloned, GITHUB_BASE_REF="main") is not None


def queued(tmp_path: Path, event: object) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event), encoding="utf-8")
    return {"GITHUB_EVENT_NAME": "merge_group", "GITHUB_EVENT_PATH": str(path)}


def test_a_merge_group_says_its_base(project: GitProject, tmp_path: Path) -> None:
    forked = project.git("rev-parse", "forked")
    group = {"base_sha": forked, "base_ref": "refs/heads/main"}

    found = of_workflow(project, **queued(tmp_path, {"merge_group": group}))

    assert found == BaseCommit(commit=forked, name="main")


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        {"merge_group": {"base_sha": "--help"}},
        {"merge_group": {"base_sha": "0" * 39}},
        {"merge_group": {"base_sha": None}},
        {"merge_group": "x"},
    ],
)
def test_a_merge_group_without_a_base_is_refused(
    project: GitProject, tmp_path: Path, event: object
) -> None:
    variables = queued(tmp_path, event)

    assert refusal(project, **variables) == (
        "GITHUB_EVENT_NAME='merge_group', and the file "
        f"{variables['GITHUB_EVENT_PATH']!r} (GITHUB_EVENT_PATH) does not give the "
        "group's base_sha\n"
        f"  hint: name the base: --promptopt-compare=REF; {ONLY}"
    )


def test_a_merge_group_whose_base_is_not_fetched_is_refused(
    project: GitProject, tmp_path: Path
) -> None:
    group = {"base_sha": "0" * 40, "base_ref": "refs/heads/main"}

    assert refusal(project, **queued(tmp_path, {"merge_group": group})) == (
        "the merge group's base 00000000 (main) is not in this clone\n"
        "  hint: set fetch-depth: 0 for actions/checkout, or run: git fetch origin "
        f"+refs/heads/main:refs/remotes/origin/main; {ONLY}"
    )


def test_a_linked_work_tree_is_a_work_tree(project: GitProject, tmp_path: Path) -> None:
    project.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "w"), "pr")
    forked = project.git("rev-parse", "forked")

    found = of_option(GitProject(tmp_path / "w"), "main")

    assert found == BaseCommit(commit=forked, name="main")


def add_submodule(outer: GitProject, project: GitProject) -> GitProject:
    allowed = ("-c", "protocol.file.allow=always")
    outer.git(*allowed, "submodule", "--quiet", "add", str(project.path), "lib")
    return GitProject(outer.path / "lib")


def test_a_submodule_is_compared_with_what_it_was_at_the_outer_base(
    project: GitProject, tmp_path: Path
) -> None:
    outer = GitProject.started(tmp_path / "outer")
    inner = add_submodule(outer, project)
    inner.git("checkout", "--quiet", "forked")
    outer.commit()
    outer.git("switch", "--quiet", "--create", "pr")
    inner.git("checkout", "--quiet", "origin/main")
    outer.commit()

    by_workflow = of_workflow(inner, GITHUB_BASE_REF="main")
    by_option = of_option(inner, "HEAD")

    forked, main = (project.git("rev-parse", name) for name in ("forked", "main"))
    assert by_workflow == BaseCommit(commit=forked, name="main")
    assert by_option == BaseCommit(commit=main, name="HEAD")


def test_a_submodule_that_a_pull_request_adds_has_no_base(
    project: GitProject, tmp_path: Path
) -> None:
    outer = GitProject.started(tmp_path / "outer")
    outer.commit()
    outer.git("switch", "--quiet", "--create", "pr")
    inner = add_submodule(outer, project)
    outer.commit()

    assert refusal(inner, GITHUB_BASE_REF="main") == (
        "GITHUB_BASE_REF='main': 'lib' is no submodule at main, so that its tests have "
        f"no base commit\n  hint: {ONLY}"
    )


def test_nothing_is_written_and_no_lock_is_left(project: GitProject) -> None:
    before = sorted(project.path.rglob("*"))

    of_option(project, "main")

    assert sorted(project.path.rglob("*")) == before
    assert project.git("status", "--porcelain") == ""
