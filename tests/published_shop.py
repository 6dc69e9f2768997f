"""A project with a proposal, in a clone of a bare repository, ready to be published."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from github_server import GitHubServer

from pytest_promptopt.command import main
from pytest_promptopt.publishing.record import record_path

CONFTEST = """
import os
import re
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    if "<attempt>" in text:
        return write(request)
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    return word if int(number) < skill else "nonsense"

def write(request):
    text = request.messages[-1].content
    open_tag, close_tag = re.findall(r"</?\\w+>", text)[-2:]
    best = max(int(n) for n in re.findall(r"Skill (\\d+)", text))
    return f"{open_tag}Skill {min(100, best + 10)} at sorting{close_tag}"

MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL if name == "scripted:skill" else None

def pytest_unconfigure(config):
    with open(os.path.join(os.environ["SHOP_LOG"]), "a") as log:
        tokens = [k for k in os.environ if k in ("GITHUB_TOKEN", "GH_TOKEN")]
        log.write(f"{os.getcwd()} {len(MODEL.requests)} {tokens}\\n")
"""
TEST = """
import pytest

@pytest.mark.prompt("prompts/NAME.j2", cases="cases.jsonl")
def test_NAME(case, output):
    assert output == case.expected
"""
PROMPT = (
    "{# promptopt: begin instructions -#}\nSkill 40 at sorting\n"
    "{# promptopt: end -#}\n{{ ticket }}\n"
)
ENVIRONMENT = {
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    # Of the plugins that are installed each would cost every run its start.
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_ADDOPTS": "-p promptopt",
}


class Shop:
    """A clone with a proposal, and the bare repository that it pushes to.

    Args:
        folder: Holds both.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "shop"
        self.bare = folder / "shop.git"
        self.log = folder / "runs.log"

    @classmethod
    def made(cls, folder: Path, *names: str) -> Shop:
        """Commit a project with one prompt test a name, push it, and search."""
        shop = cls(folder)
        shop.path.mkdir(parents=True)
        shop.git("init", "--quiet", "--initial-branch=main", "--template=")
        files = {
            ".gitignore": ".promptopt/\n__pycache__/\npromptopt.*\n",
            "conftest.py": CONFTEST,
            "pytest.ini": "[pytest]\npromptopt_model = scripted:skill\n"
            "promptopt_optimizer_model = scripted:skill\n"
            "promptopt_strategy = opro\n",
            "cases.jsonl": "".join(
                json.dumps(
                    {
                        "id": f"c{n}",
                        "ticket": f"Case {n}: say w{n}",
                        "expected": f"w{n}",
                    }
                )
                + "\n"
                for n in range(70)
            ),
        }
        for name in names:
            files[f"prompts/{name}.j2"] = PROMPT
            files[f"test_{name}.py"] = TEST.replace("NAME", name)
        shop.write(files)
        shop.tested("--promptopt-update-baseline")
        shop.commit("Base")
        shop.git("init", "--quiet", "--bare", "--initial-branch=main", str(shop.bare))
        shop.git("remote", "add", "origin", "../shop.git")
        shop.git("push", "--quiet", "origin", "main")
        shop.tested("--optimize-prompts", "--promptopt-steps=4")
        return shop

    def copy(self, folder: Path) -> Shop:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, symlinks=True)
        return Shop(folder)

    def cloned(self, branch: str) -> Shop:
        """Return a colleague's clone with a branch checked out."""
        other = Shop(self.folder / "colleague")
        other.folder.mkdir()
        options = ("--quiet", "--branch", branch, "--")
        self.git("clone", *options, str(self.bare), str(other.path), at=self.folder)
        return other

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        return {**kept, **ENVIRONMENT, "SHOP_LOG": str(self.log)}

    def git(self, *arguments: str, at: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=at or self.path,
            env=self.environment(),
            check=True,
            capture_output=True,
        )
        return done.stdout.decode().strip()

    def in_bare(self, *arguments: str) -> str:
        return self.git(*arguments, at=self.bare)

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def tested(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *arguments],
            cwd=self.path,
            env=self.environment(),
            check=True,
            capture_output=True,
        )

    def enter(self, patch: pytest.MonkeyPatch, github: GitHubServer) -> None:
        """Go there, with an environment that knows GitHub."""
        given = {**ENVIRONMENT, "SHOP_LOG": str(self.log), **github.environment}
        for name, value in given.items():
            patch.setenv(name, value)
        patch.chdir(self.path)

    def pr(self, *arguments: str) -> int:
        return main(["pr", *arguments])

    def change_record(self, **changed: Any) -> None:
        """Tamper with heads of the record."""
        data = self.record
        data.update(changed)
        self.record_file.write_text(json.dumps(data), "utf-8")

    @property
    def record_file(self) -> Path:
        return record_path(self.path)

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.record_file.read_text("utf-8"))
        return found

    @property
    def runs(self) -> list[str]:
        """A line for each run of pytest: its folder, its calls, the tokens it had."""
        return self.log.read_text("utf-8").splitlines()

    @property
    def branches(self) -> dict[str, str]:
        """The bare repository's branches with their commits."""
        told = self.in_bare("for-each-ref", "--format=%(refname:short) %(objectname)")
        return dict(line.split(" ") for line in told.splitlines())

    def state(self) -> dict[str, str]:
        """Return everything of the clone that no command may change."""
        names = ("status --porcelain", "branch --list --verbose", "worktree list")
        told = {name: self.git(*name.split(" ")) for name in (*names, "stash list")}
        told["config"] = (self.path / ".git" / "config").read_text("utf-8")
        told["index"] = self.git("ls-files", "--stage")
        told["head"] = (self.path / ".git" / "HEAD").read_text("utf-8")
        for path in sorted(self.path.rglob("*")):
            inside = path.relative_to(self.path).parts
            if path.is_file() and not {".git", ".promptopt", "__pycache__"} & {*inside}:
                told["/".join(inside)] = path.read_bytes().hex()
        return told
