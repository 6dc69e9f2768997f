"""The composite action and the workflows do what they say, step by step in bash."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from comments_api import SHA, served
from git_project import GitProject
from readme import ROOT
from workflow_steps import ACTION, Ran, Runner

from pytest_promptopt.errors import SettingError
from pytest_promptopt.git import base_commit
from pytest_promptopt.github.outputs import is_untouched
from pytest_promptopt.report.comment import MARK

EXAMPLE = ROOT / "example_project"
WORKFLOWS = EXAMPLE / ".github" / "workflows"
TRIAGE = "prompts/triage.j2"
PASSED = {"outcome": "pass", "cause": "same", "retryable": False}
HOSTILE = '"; touch pwned; $(touch pwned) `touch pwned` #'

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("bash") is None, reason="needs bash"
)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> GitProject:
    """The example project on ``main``, and the merges of two pull requests."""
    project = GitProject.started(tmp_path_factory.mktemp("origin") / "desk")
    left_out = shutil.ignore_patterns(".promptopt", "__pycache__", ".pytest_cache")
    shutil.copytree(EXAMPLE, project.path, dirs_exist_ok=True, ignore=left_out)
    (project.path / ".gitignore").write_text(".promptopt/\n__pycache__/\n")
    prompt = (project.path / TRIAGE).read_text("utf-8")
    # Without the one test that always calls the model.
    tests = project.path / "tests" / "test_prompts.py"
    tests.write_text(
        tests.read_text("utf-8").partition('\n\n@pytest.mark.prompt("pap')[0]
    )
    for cases in (project.path / "cases").glob("*.jsonl"):  # as many as it takes
        lines = cases.read_text("utf-8").splitlines(keepends=True)[:80]
        cases.write_text("".join(lines), encoding="utf-8")
    (project.path / "tests/__prompt_baselines__/test_prompts/test_tone.json").unlink()
    record(project)
    project.commit()
    pull_request(project, 7, {TRIAGE: re.sub(r" Labels: .*", "", prompt)})
    pull_request(project, 8, {"README.md": "A shop in Bergen.\n"})
    project.commit_files({"later.txt": "Main has moved on.\n"})
    return project


def record(project: GitProject) -> None:
    """Record the baselines anew: the digest of the test module is another one now."""
    command = ["-m", "pytest", "-q", "-m", "prompt", "--promptopt-update-baseline"]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=project.path,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "pytest_promptopt.plugin",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()


def pull_request(project: GitProject, number: int, files: dict[str, str]) -> None:
    """Commit files on a branch, and make GitHub's test merge with main."""
    project.git("switch", "--quiet", "--create", f"pull-{number}", "main")
    project.commit_files({**files})
    project.git("switch", "--quiet", "--detach", "main")
    merge = ("merge", "--quiet", "--no-ff", "--no-edit", f"pull-{number}")
    project.git(*merge)
    project.git("update-ref", f"refs/pull/{number}/merge", "HEAD")
    project.git("switch", "--quiet", "main")


def checkout(
    origin: GitProject, path: Path, reference: str, depth: int = 1
) -> GitProject:
    """Check out as actions/checkout does: a shallow clone of one commit."""
    path.mkdir(parents=True)
    project = GitProject(path)
    project.git("init", "--quiet", "--template=")
    project.git("remote", "add", "origin", f"file://{origin.path}")
    shallow = [f"--depth={depth}"] if depth else []
    project.git("fetch", "--quiet", "--no-tags", *shallow, "origin", reference)
    project.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    return project


def event_of(number: int, sha: str) -> tuple[str, Mapping[str, Any]]:
    head = {"sha": sha, "ref": HOSTILE, "repo": {"full_name": "shop/desk"}}
    pull = {"number": number, "title": HOSTILE, "body": HOSTILE, "head": head}
    branch = {"default_branch": "main"}
    return "pull_request", {
        "number": number,
        "pull_request": pull,
        "repository": branch,
    }


def on_pull_request(origin: GitProject, tmp_path: Path, number: int) -> Runner:
    reference = f"refs/pull/{number}/merge"
    project = checkout(origin, tmp_path / "desk", reference)
    sha = origin.git("rev-parse", reference)
    return Runner(
        project.path,
        tmp_path / "runner",
        event_of(number, sha),
        github={"ref": reference},
        variables={
            "GITHUB_BASE_REF": "main",
            "GITHUB_HEAD_REF": HOSTILE,
            "GITHUB_REF": reference,
            "GITHUB_SHA": sha,
        },
    )


def document(ran: Ran) -> dict[str, Any]:
    return dict(json.loads(Path(ran.outputs["json"]).read_text("utf-8")))


def test_a_worse_prompt_fails_the_job_and_leaves_report_and_summary(
    origin: GitProject, tmp_path: Path
) -> None:
    ran = on_pull_request(origin, tmp_path, 7).action(install="true")

    assert ran.code == 1, ran.log
    assert ran.outputs["verdict"] == "fail", ran.log
    assert ran.outputs["cause"] == "worse"
    assert ran.outputs["retryable"] == "false"
    assert not is_untouched({**document(ran), "verdict": {**PASSED}})
    assert TRIAGE in ran.summary
    for name in ("report", "json", "markdown"):
        assert Path(ran.outputs[name]).is_file()
    (uploaded,) = ran.inputs_of("actions/upload-artifact")
    assert uploaded["name"] == ran.outputs["artifact"] == "promptopt-report"
    assert Path(uploaded["path"]) == Path(ran.outputs["report"]).parent
    annotated = rf"^::error file=(tests/test_prompts\.py|{TRIAGE}),line=\d+"
    assert re.search(annotated, ran.log, re.MULTILINE)


def test_where_no_prompt_changed_the_job_passes_without_a_call(
    origin: GitProject, tmp_path: Path
) -> None:
    """Title, text and branch of the pull request are hostile, and never a command."""
    ran = on_pull_request(origin, tmp_path, 8).action(
        install="true", pytest_arguments="-m 'prompt' -k 'triage or orders'"
    )

    assert ran.code == 0, ran.log
    assert (ran.outputs["verdict"], ran.outputs["cause"]) == ("pass", "unchanged")
    assert [test["spent"]["calls"] for test in document(ran)["tests"]] == [0, 0]
    assert is_untouched(document(ran))
    assert not [*tmp_path.rglob("pwned")]


@pytest.mark.parametrize("workflow", [ACTION, *sorted(WORKFLOWS.glob("*.yml"))])
def test_no_script_has_an_expression_in_it(workflow: Path) -> None:
    scripts = [*scripts_of(yaml.safe_load(workflow.read_text("utf-8")))]

    assert scripts or "nightly" in workflow.name or workflow.name == "prompts.yml"
    assert not [script for script in scripts if "${{" in script]


def scripts_of(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["run"]] if isinstance(node.get("run"), str) else []
        node = [*node.values()]
    for child in node if isinstance(node, list) else []:
        yield from scripts_of(child)


@pytest.mark.parametrize(("no_tests", "code"), [("fail", 5), ("pass", 0)])
def test_without_prompt_tests_the_job_says_so(
    origin: GitProject, tmp_path: Path, no_tests: str, code: int
) -> None:
    runner = on_pull_request(origin, tmp_path, 8)

    ran = runner.action(
        install="true",
        pytest_arguments="tests/test_orders.py -m prompt",
        no_tests=no_tests,
    )

    assert ran.code == code, ran.log
    assert (ran.outputs["verdict"], ran.outputs["cause"]) == ("none", "no prompt tests")
    assert "title=Prompts not gated::no prompt test was found" in ran.log


def test_an_outage_is_an_error_that_is_told_apart(
    origin: GitProject, tmp_path: Path
) -> None:
    runner = on_pull_request(origin, tmp_path, 7)

    ran = runner.action(
        install="true",
        pytest_arguments="-m prompt -k triage -o promptopt_model=openai:gpt-5-mini",
    )

    assert ran.code == 1
    assert (ran.outputs["verdict"], ran.outputs["cause"]) == ("error", "provider")


def test_an_install_that_fails_ends_the_job(origin: GitProject, tmp_path: Path) -> None:
    ran = on_pull_request(origin, tmp_path, 8).action(install="exit 3")

    assert ran.code == 3
    assert ran.outputs["verdict"] == ""
    assert not ran.inputs_of("actions/upload-artifact")


def base_after(runner: Runner) -> str:
    """Return the base commit that the gate finds once the action has fetched it."""
    with pytest.raises(SettingError):
        base_commit(runner.workspace, option=None, environ=runner.variables)

    ran = runner.action(install="true", pytest_arguments="--version", report="false")

    assert not ran.inputs_of("actions/upload-artifact")
    found = base_commit(runner.workspace, option=None, environ=runner.variables)
    assert found is not None
    return found.commit


def test_the_base_of_a_merge_group_is_fetched_into_a_shallow_clone(
    origin: GitProject, tmp_path: Path
) -> None:
    project = checkout(origin, tmp_path / "desk", "refs/pull/7/merge")
    base = origin.git("rev-parse", "refs/pull/7/merge^1")
    group = {"base_sha": base, "base_ref": "refs/heads/main"}
    event = ("merge_group", {"merge_group": group})

    assert base_after(Runner(project.path, tmp_path / "runner", event)) == base


def test_a_shallow_checkout_of_the_branch_itself_is_deepened_to_the_fork_point(
    origin: GitProject, tmp_path: Path
) -> None:
    project = checkout(origin, tmp_path / "desk", "refs/heads/pull-7")
    runner = Runner(
        project.path,
        tmp_path / "runner",
        event_of(7, origin.git("rev-parse", "pull-7")),
        variables={
            "GITHUB_BASE_REF": "main",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_SHA": "ab" * 20,
        },
    )

    assert base_after(runner) == origin.git("merge-base", "main", "pull-7")


@pytest.mark.parametrize(
    ("event", "reference", "saves"),
    [
        ("push", "refs/heads/main", True),
        ("schedule", "refs/heads/main", True),
        ("push", "refs/heads/other", False),
        ("pull_request", "refs/pull/8/merge", False),
        ("pull_request_target", "refs/heads/main", False),
    ],
)
def test_only_the_default_branch_saves_replies_for_others(
    tmp_path: Path, event: str, reference: str, *, saves: bool
) -> None:
    workspace = tmp_path / "desk"
    (workspace / ".promptopt").mkdir(parents=True)
    (workspace / ".promptopt" / "cache.sqlite").touch()
    content = {"repository": {"default_branch": "main"}}
    context = {"ref": reference}
    runner = Runner(workspace, tmp_path / "runner", (event, content), github=context)

    saved = runner.used_by("actions/cache/save")
    restored = runner.used_by("actions/cache/restore")

    assert [one["key"] for one in saved] == ["promptopt-replies--abc123"] * saves
    assert [one["path"] for one in restored] == ["./.promptopt/cache.sqlite"]
    assert "promptopt-replies--abc123".startswith(restored[0]["restore-keys"])
    assert not runner.used_by("actions/cache/save", cache="false")


def test_a_project_in_a_folder_is_run_there(origin: GitProject, tmp_path: Path) -> None:
    whole = GitProject.started(tmp_path / "whole")
    left_out = shutil.ignore_patterns(".git", ".promptopt")
    shutil.copytree(origin.path, whole.path / "services" / "desk", ignore=left_out)
    whole.commit()
    runner = Runner(
        whole.path, tmp_path / "runner", ("push", {}), github={"ref": "refs/heads/x"}
    )

    ran = runner.action(install="true", working_directory="services/desk", name="desk")

    assert ran.code == 0, ran.log
    assert ran.outputs["artifact"] == "promptopt-report-desk"


@pytest.mark.parametrize("name", ["a b", "x" * 51, "a/b", "$(id)", "a\nb"])
def test_a_name_that_could_break_out_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "desk").mkdir()
    runner = Runner(tmp_path / "desk", tmp_path / "runner", ("push", {}))

    ran = runner.action(install="true", name=name)

    assert ran.code == 2
    assert "the input name" in ran.log


def test_the_examples_copy_of_the_action_is_the_action() -> None:
    copy = EXAMPLE / ".github" / "actions" / "prompts" / "action.yml"

    assert copy.read_bytes() == ACTION.read_bytes()


def test_data_of_a_fork_is_judged_by_the_code_of_the_base(
    origin: GitProject, tmp_path: Path
) -> None:
    project = checkout(origin, tmp_path / "desk", "refs/heads/main", depth=0)
    origin.git("update-ref", "refs/pull/9/head", forked(origin, tmp_path / "fork"))
    sha = origin.git("rev-parse", "refs/pull/9/head")
    name, content = event_of(9, sha)
    runner = Runner(
        project.path,
        tmp_path / "runner",
        (f"{name}_target", content),
        github={"ref": "refs/heads/main"},
        variables={"GITHUB_BASE_REF": "main", "GITHUB_REF": "refs/heads/main"},
    )
    runner.variables["PIP_NO_INDEX"] = "1"

    ran = runner.job(without_install(tmp_path), "gate")

    assert ran.code == 1, ran.log
    assert ran.outputs["gate.verdict"] == "fail", ran.log
    assert f"- judged: `{TRIAGE}`" in ran.summary
    assert "**not covered**: `tests/conftest.py` (code or configuration)" in ran.summary
    assert not [*tmp_path.rglob("pwned")]


def forked(origin: GitProject, path: Path) -> str:
    """Commit a damaged prompt and code that must not run, as a fork would."""
    fork = checkout(origin, path, "refs/heads/main", depth=0)
    prompt = (fork.path / TRIAGE).read_text("utf-8")
    pwn = "open('pwned', 'w').close()\n"
    files: dict[str, str | bytes] = {
        TRIAGE: re.sub(r" Labels: .*", "", prompt),
        "tests/conftest.py": pwn,
        "src/papershop/__init__.py": pwn,
    }
    sha = fork.commit_files(files)
    fork.git("push", "--quiet", "origin", f"{sha}:refs/heads/forked")
    return sha


def without_install(folder: Path, name: str = "prompts-fork.yml") -> Path:
    """Return a workflow without the steps that need a package index."""
    text = (WORKFLOWS / name).read_text("utf-8")
    kept = re.sub(r"^ +- run: python -m pip install .*\n", "", text, flags=re.MULTILINE)
    assert kept != text
    path = folder / name
    path.write_text(kept, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("owner", "expected"),
    [("shop", "## Prompts: 1 failed"), ("mallory", "## Prompts: NOT GATED")],
)
def test_after_the_gate_a_job_without_checkout_writes_the_comment(
    tmp_path: Path, owner: str, expected: str
) -> None:
    head = {"full_name": f"{owner}/desk", "owner": {"login": owner}}
    run = {"event": "pull_request", "head_sha": SHA, "head_branch": HOSTILE, "id": 5}
    event = {"workflow_run": {**run, "head_repository": head}}
    (tmp_path / "empty").mkdir()
    with served() as api:
        api.add_pull(7, head=f"{owner}:{HOSTILE}")
        runner = Runner(
            tmp_path / "empty",
            tmp_path / "runner",
            ("workflow_run", event),
            variables={"GITHUB_API_URL": api.url},
        )
        report = tmp_path / "runner" / "temp" / "report"
        report.mkdir()
        (report / "report.md").write_text(f"{MARK}\n\n## Prompts: 1 failed\n")
        verdict = {"outcome": "fail", "cause": "worse", "retryable": False}
        (report / "report.json").write_text(
            json.dumps({"version": 1, "verdict": verdict, "tests": []})
        )

        ran = runner.job(without_install(tmp_path, "prompts-comment.yml"), "comment")

        assert ran.code == 0, ran.log
        assert [body.splitlines()[1] for body in api.bodies] == [expected]
    (downloaded,) = ran.inputs_of("actions/download-artifact")
    assert (downloaded["path"], downloaded["run-id"]) == (str(report), "5")
    assert not [*tmp_path.rglob("pwned")]


def test_a_new_commit_of_a_fork_takes_back_label_and_verdict(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    called = tmp_path / "called"
    gh = tmp_path / "runner" / "bin" / "gh"
    with served() as api:
        api.add_pull(9)
        api.add_comment(f"{MARK}\n## Prompts: 1 passed")
        name, content = event_of(9, SHA)
        runner = Runner(
            tmp_path / "empty",
            tmp_path / "runner",
            (f"{name}_target", content),
            variables={"GITHUB_API_URL": api.url},
        )
        gh.write_text(f'#!/bin/sh\necho "$@" > {called}\n')
        gh.chmod(0o755)

        ran = runner.job(without_install(tmp_path), "take-label-back")

        assert ran.code == 0, ran.log
        assert api.bodies[0].startswith(f"{MARK}\n## Prompts: NOT GATED\n")
    assert "DELETE repos/shop/desk/issues/" in called.read_text()


def test_the_recipe_for_any_ci_system_leaves_what_it_says(
    origin: GitProject, tmp_path: Path
) -> None:
    project = checkout(origin, tmp_path / "desk", "refs/heads/pull-7", depth=0)
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    recipe = page.partition("<!-- generic -->\n```sh\n")[2].partition("```")[0]
    workflow = tmp_path / "recipe.yml"
    steps = {"jobs": {"gate": {"steps": [{"run": recipe}]}}}
    workflow.write_text(yaml.safe_dump(steps), encoding="utf-8")
    runner = Runner(project.path, tmp_path / "runner", ("push", {}))

    ran = runner.job(workflow, "gate")

    assert ran.code == 1, ran.log
    assert "prompts/triage.j2: fail (worse)" in ran.log
    for name in ("prompts.xml", "prompts.html", "prompts.md", "prompts.json"):
        assert (project.path / name).is_file()
