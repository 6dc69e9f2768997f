"""A company's repository: its prompts are gated and optimised, its code is its own.

``company/application`` is written as such a company would have it and knows nothing of
this package; ``company/added`` is all that is added: tests and a few lines of ini.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run_within

COMPANY = Path(__file__).with_name("company")
CHANGED = {  # all places of prompts but the registry, where no diff reaches
    "src/parcel/agent.py",
    "src/parcel/compose.py",
    "src/parcel/prompts/desk.yaml",
    "src/parcel/prompts/escalate.prompt.yml",
    "src/parcel/prompts/extract.j2",
    "src/parcel/prompts/refund.j2",
    "src/parcel/prompts/small.toml",
    "src/parcel/prompts/summary.md",
    "src/parcel/reply.py",
    "src/parcel/triage.py",
}


class Company:
    """The repository, with our tests added and nothing else touched."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        shutil.copytree(COMPANY / "application", self.path, dirs_exist_ok=True)
        self.git("init", "--quiet")
        self.commit("the application")
        shutil.copytree(COMPANY / "added", self.path, dirs_exist_ok=True)
        ini = self.path / "ini.toml"
        with (self.path / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(ini.read_text(encoding="utf-8"))
        ini.unlink()
        (self.path / ".gitignore").write_text(".promptopt/\n__pycache__/\n")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
            cwd=self.path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)

    def run(self, *arguments: str) -> pytest.RunResult:
        for name in [n for n in sys.modules if n.partition(".")[0] == "parcel"]:
            del sys.modules[name]
        return run_within(self.pytester, "prompt_tests", *arguments)

    def own_tests(self) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:promptopt", "tests"],
            cwd=self.path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.splitlines()[-1]


@pytest.fixture
def company(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Company(pytester)


def test_a_company_gates_and_optimises_its_prompts_without_a_change_to_its_code(
    company: Company,
) -> None:
    added = company.git("status", "--porcelain")
    assert sorted(added.splitlines()) == [
        " M pyproject.toml",
        "?? .gitignore",
        "?? prompt_tests/",
    ]

    company.run("--promptopt-update-baseline").assert_outcomes(passed=13)
    company.commit("prompt tests")

    triage = company.path / "src" / "parcel" / "triage.py"
    text = triage.read_text()
    triage.write_text(text.replace("TRIAGE = (\n", 'TRIAGE = (\n    "Be quick! "\n'))
    damaged = company.run("-k", "triage or tone")
    damaged.assert_outcomes(passed=1, failed=1, deselected=11)
    damaged.stdout.fnmatch_lines(["FAILED *::test_triage - parcel.triage:TRIAGE: *"])
    triage.write_text(text)

    searched = company.run(
        "--optimize-prompts",
        "--promptopt-strategy=opro",
        "--promptopt-steps=1",
        "--promptopt-budget=40000",
    )
    searched.assert_outcomes(passed=13)
    searched.stdout.fnmatch_lines(
        ["  search (opro, seed 0): proposed"] * 12
        + ["to apply the proposal for registry:greeting: *"]
    )

    company.git("apply", "--whitespace=nowarn", "promptopt.diff")

    changed = set(company.git("diff", "--name-only").split())
    assert changed == CHANGED
    assert company.own_tests().startswith("13 passed")
    better = company.run()
    better.assert_outcomes(passed=13)
    better.stdout.fnmatch_lines(["*  pass (better) *"] * 11)
