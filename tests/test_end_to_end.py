"""From a damaged prompt to a pull request, on the example project in a repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from github_server import serving
from readme import ROOT

IDENTITY = {
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
TEST = "tests/test_prompts.py::test_triage"
PROMPT = "prompts/triage.j2"
LABELS = "Labels: billing, shipping, returns, product, account, website."


class Shop:
    """The example project, committed to ``main`` and pushed to a bare repository."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "shop"
        self.summary = folder / "summary.md"
        ignored = shutil.ignore_patterns(".promptopt", "__pycache__", ".pytest_cache")
        shutil.copytree(ROOT / "example_project", self.path, ignore=ignored)
        (self.path / ".gitignore").write_text(
            ".promptopt/\n__pycache__/\npromptopt.*\n"
        )
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("The shop")
        bare = folder / "shop.git"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        self.git("remote", "add", "origin", str(bare))
        self.git("push", "--quiet", "origin", "main")

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        plugins = {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p promptopt",
        }
        return {**kept, **IDENTITY, **plugins, **more}

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=self.environment(),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.path,
            env=self.environment(**more),
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def damage(self) -> None:
        """Take the list of labels out of the prompt, as a careless edit would."""
        prompt = self.path / PROMPT
        text = prompt.read_text("utf-8")
        assert LABELS in text
        prompt.write_text(text.replace(LABELS, "Choose a short label."), "utf-8")


def test_a_damaged_prompt_fails_is_annotated_and_a_search_opens_a_pull_request(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path)
    in_ci = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(shop.summary),
    }

    gate = shop.run("pytest", "-m", "prompt", **in_ci)

    assert gate.returncode == 0, gate.stdout
    assert "test_triage" in gate.stdout
    assert "pass (unchanged)" in gate.stdout
    assert "Prompts" in shop.summary.read_text("utf-8")

    shop.summary.unlink()
    shop.git("switch", "--quiet", "--create", "shorter")
    shop.damage()
    shop.commit("Shorten the triage prompt")
    compared = ("--promptopt-compare=main", "--promptopt-show-data=full")
    failed = shop.run("pytest", "-m", "prompt", *compared, **in_ci)

    assert failed.returncode == 1, failed.stdout
    assert "fail (worse)" in failed.stdout
    (annotated,) = re.findall(r"^::error (.*?)::", failed.stdout, re.MULTILINE)
    assert f"file={PROMPT},line=2" in annotated
    summary = shop.summary.read_text("utf-8")
    assert "fail (worse)" in summary.replace("**", "")
    assert "Choose a short label." in summary
    assert "expected" in summary

    shop.git("switch", "--quiet", "main")
    searched = shop.run("pytest", TEST, "--optimize-prompts")

    assert searched.returncode == 0, searched.stdout
    text = (shop.path / "promptopt.md").read_text("utf-8")
    assert "hold-out" in text
    assert "git apply" in text

    with serving() as github:
        opened = shop.run("pytest_promptopt", "pr", **github.environment)

        assert opened.returncode == 0, opened.stdout
        assert github.wrong == []
        (pull,) = github.pulls
    branch = pull["head"]["ref"]
    subjects = shop.git("log", "--format=%s", f"main..origin/{branch}").splitlines()
    assert len(subjects) == 2
    changed = shop.git("diff", "--name-only", "main", f"origin/{branch}").splitlines()
    assert PROMPT in changed
    assert all(name == PROMPT or "__prompt_baselines__" in name for name in changed)
    row = r"\| `prompts/triage\.j2` \| \d+\.\d% \| \*\*\d+\.\d%\*\*"
    assert re.search(row, pull["body"])
    assert "confirmed on:" in pull["body"]

    # As a reviewer would look at it: the search has left its look in this clone.
    clone = tmp_path / "reviewer"
    bare = str(tmp_path / "shop.git")
    shop.git("clone", "--quiet", "--branch", branch, bare, str(clone))
    shop.path = clone
    shop.git("branch", "--quiet", "main", "origin/main")
    accepted = shop.run("pytest", "-m", "prompt", "--promptopt-compare=main", **in_ci)

    assert accepted.returncode == 0, accepted.stdout
    assert re.search(r"test_triage\s+pass \(better\)", accepted.stdout)
