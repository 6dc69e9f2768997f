"""The workflows that we show are safe to copy: no secret where others' code runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import workflow_snippets
import yaml
from readme import ROOT

ACTION = ROOT / "action.yml"
WORKFLOWS = ROOT / "example_project" / ".github" / "workflows"
CI_PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
TEXTS = {
    **{
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for path in workflow_snippets.files()
    },
    **{
        f"{page} {number}": text
        for number, (page, _, text) in enumerate(workflow_snippets.blocks())
    },
}
WRITING = ("contents", "pull-requests", "issues", "statuses", "actions", "checks")


def loaded(text: str) -> dict[Any, Any]:
    return dict(yaml.safe_load(text))


def triggers(workflow: dict[Any, Any]) -> set[str]:
    named = workflow[True]  # YAML 1.1 reads "on" so
    return {named} if isinstance(named, str) else set(named)


def jobs(text: str) -> Iterator[dict[str, Any]]:
    yield from loaded(text).get("jobs", {}).values()


@pytest.mark.parametrize("name", TEXTS)
def test_every_foreign_action_is_named_by_a_commit_and_its_version(name: str) -> None:
    used = re.findall(r"uses: (\S+)(.*)$", TEXTS[name], re.MULTILINE)

    for action, said in used:
        if action.startswith("./"):
            assert action == "./.github/actions/prompts"
        else:
            assert re.fullmatch(r"actions/[a-z/-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", said), action
    assert used


def test_one_version_of_an_action_is_one_commit_everywhere() -> None:
    whole = "\n".join(TEXTS.values())

    # Restoring and saving a cache are two actions of one repository.
    used = re.findall(r"uses: (actions/[a-z-]+)[a-z/]*@(\w+)", whole)

    assert len({name for name, _ in used}) >= 6
    assert len(set(used)) == len({name for name, _ in used})


@pytest.mark.parametrize("name", [name for name in TEXTS if "action.yml" not in name])
def test_jobs_get_no_permission_that_they_do_not_name(name: str) -> None:
    workflow = loaded(TEXTS[name])

    assert workflow["permissions"] in ({}, {"contents": "read"})
    for job in jobs(TEXTS[name]):
        assert isinstance(job.get("permissions", {}), dict)


@pytest.mark.parametrize("name", [name for name in TEXTS if "action.yml" not in name])
def test_a_checkout_leaves_no_token_behind(name: str) -> None:
    for job in jobs(TEXTS[name]):
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
                assert "ref" not in step["with"]


@pytest.mark.parametrize("name", [name for name in TEXTS if "action.yml" not in name])
def test_where_code_of_a_pull_request_runs_nothing_may_be_written(name: str) -> None:
    if not {"pull_request", "merge_group"} & triggers(loaded(TEXTS[name])):
        return
    for job in jobs(TEXTS[name]):
        may = job.get("permissions", {})
        assert not [scope for scope in WRITING if may.get(scope) == "write"]


@pytest.mark.parametrize("name", [name for name in TEXTS if "action.yml" not in name])
def test_a_job_that_writes_for_others_runs_none_of_their_code(name: str) -> None:
    workflow = loaded(TEXTS[name])
    if not {"workflow_run", "pull_request_target"} & triggers(workflow):
        return
    for job in jobs(TEXTS[name]):
        writes = "write" in job.get("permissions", {}).values()
        has_key = "secrets." in str(job)
        checks_out = "actions/checkout@" in str(job)
        assert not (writes and (checks_out or has_key))
        if checks_out:
            # What runs before the fork's data is there is the base's.
            scripts = [step.get("run", "") for step in job["steps"]]
            (taking,) = [n for n, text in enumerate(scripts) if "fork-data" in text]
            assert not [text for text in scripts[:taking] if "git checkout" in text]
            assert job["environment"]


def test_the_block_on_the_page_is_the_examples_workflow() -> None:
    (text,) = [
        text
        for _, said, text in workflow_snippets.blocks()
        if said == "workflow: prompts.yml"
    ]
    example = loaded((WORKFLOWS / "prompts.yml").read_text("utf-8"))

    assert example.pop("concurrency")  # spares minutes, and explains nothing
    assert loaded(text) == example


def test_the_page_lists_every_workflow_of_the_example() -> None:
    listed = re.findall(r"^ *\| `(prompts[\w-]*\.yml)` \|", CI_PAGE, re.MULTILINE)

    assert sorted(listed) == sorted(path.name for path in WORKFLOWS.glob("*.yml"))


def test_the_page_lists_inputs_with_their_defaults_and_outputs_of_the_action() -> None:
    action = loaded(ACTION.read_text("utf-8"))
    _, _, tables = CI_PAGE.partition("\n| input | default | is |\n")
    inputs, _, outputs = tables.partition("\n| output | is |\n")

    shown = dict(re.findall(r"^\| `([\w-]+)` \| (.+?) \|", inputs, re.MULTILINE))
    # Of these the page says in words what they are.
    said = {"": "empty", "${{ github.token }}": "the workflow's"}
    assert shown == {
        name: said.get(one["default"], f"`{one['default']}`")
        for name, one in action["inputs"].items()
    }
    rows = outputs.partition("\n\n")[0]
    named = [
        name
        for row in re.findall(r"^\| (`.+?) \|", rows, re.MULTILINE)
        for name in re.findall(r"`([\w-]+)`", row)
    ]
    assert sorted(named) == sorted(action["outputs"])


def test_the_gitlab_recipe_is_a_job_whose_report_is_kept() -> None:
    text = CI_PAGE.partition("<!-- gitlab -->\n```yaml\n")[2].partition("```")[0]

    job = loaded(text)["prompts"]

    assert job["variables"]["GIT_DEPTH"] == "0"
    assert job["artifacts"]["when"] == "always"
    written = re.findall(r"(?:junitxml=|html:|json:)(\S+)", job["script"][-1])
    kept = [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]]
    assert sorted(written) == sorted(kept)


def zizmor() -> str | None:
    return shutil.which("zizmor", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(zizmor() is None, reason="zizmor is not installed")
def test_zizmor_finds_nothing_and_would_find_something(tmp_path: Path) -> None:
    command = [str(zizmor()), "--offline", "--no-progress", "--quiet"]
    files = [*workflow_snippets.files(), *workflow_snippets.write_blocks(tmp_path)]
    bad = tmp_path / ".github" / "workflows" / "bad.yml"

    clean = subprocess.run([*command, *files], capture_output=True, check=False)
    bad.write_text(
        TEXTS["example_project/.github/workflows/prompts.yml"]
        + "      - run: echo ${{ github.event.pull_request.title }}\n"
    )
    found = subprocess.run([*command, bad], capture_output=True, check=False)

    assert clean.returncode == 0, clean.stdout.decode()
    assert found.returncode
    assert b"template-injection" in found.stdout
