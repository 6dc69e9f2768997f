"""A prompt project in a real git repository, on a branch that has left main."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Project

MARKED = '@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl")'
IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org")


class Repository:
    """A project on a branch ``pr`` that has left ``main`` with a recorded baseline.

    Args:
        project: Its files, as ``main`` is to have them.
        made: A folder with the same, made before; it is copied.
    """

    def __init__(self, project: Project, made: Path | None = None) -> None:
        self.project = project
        self.path = project.path
        if made is not None:
            shutil.copytree(made, self.path, dirs_exist_ok=True)
            return
        self.git("init", "--quiet", "--initial-branch=main")
        (self.path / ".gitignore").write_text(".promptopt/\n__pycache__/\n")
        project.record()
        self.commit("Base")
        self.git("switch", "--quiet", "--create", "pr")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *IDENTITY, *arguments],
            cwd=self.path,
            check=True,
            capture_output=True,
            env={**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.path)},
        )
        return done.stdout.decode()

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def commit_on_main(self, message: str) -> None:
        """Commit what was changed to main, and leave it with another branch."""
        self.git("stash", "--quiet", "--include-untracked")
        self.git("switch", "--quiet", "main")
        self.git("stash", "pop", "--quiet")
        self.commit(message)
        self.git("switch", "--quiet", "--create", "later")

    @property
    def record(self) -> Path:
        return self.path / "__prompt_baselines__" / "test_sort" / "test_sort.json"

    def run(self, *arguments: str) -> pytest.RunResult:
        return self.project.run("--promptopt-compare=main", *arguments)

    def forge(self, value: float) -> None:
        """Write scores into the record by hand."""
        data = json.loads(self.record.read_text())
        for case in data["cases"]:
            case["values"] = [value] * 3
        self.record.write_text(json.dumps(data, indent=2) + "\n")
