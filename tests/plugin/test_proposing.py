"""What surrounds a proposal: the command that applies it, faults, counts, quoting."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from conftest import Project
from test_optimizing import git, searching

__all__ = ["searching"]


def apply(project: Project, result: pytest.RunResult, start: Path) -> None:
    """Run the command that the summary shows, where pytest was started."""
    line = next(e for e in result.stdout.lines if e.startswith("apply the proposals"))
    command = shlex.split(line.partition("with: ")[2])
    subprocess.run(command, cwd=start, check=True)
    text = (project.path / "prompts" / "sort.j2").read_text()
    assert "Skill 40" not in text


@pytest.mark.parametrize("folder", [".", "tests", "elsewhere/deep", "prompts"])
def test_the_command_that_is_shown_applies_the_diff_wherever_pytest_started(
    searching: Project, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    git(searching, "init", "--quiet")
    start = searching.path / folder
    start.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(start)

    result = searching.run(
        str(searching.path / "test_sort.py"),
        "--optimize-prompts",
        "--promptopt-steps=4",
    )

    assert result.ret == 0
    apply(searching, result, start)


@pytest.mark.parametrize(
    "broken", ["promptopt_optimizer_model=nope:x", "promptopt_strategy=nope"]
)
def test_a_search_that_cannot_start_leaves_the_verdict_as_it_is(
    searching: Project, broken: str
) -> None:
    searching.record()
    path = searching.path / "prompts" / "sort.j2"
    path.write_text(path.read_text().replace("Skill 40", "Skill 10"))

    result = searching.run("--optimize-prompts", "-o", broken)

    assert result.ret == 1
    name = "nope" if "strategy" in broken else "opro"
    result.stdout.fnmatch_lines(
        ["prompts/sort.j2: fail (worse)", f"*search ({name}, seed 0): error*"]
    )


def test_calls_of_a_search_are_those_that_were_made(searching: Project) -> None:
    first = searching.run("--optimize-prompts", "--promptopt-steps=2")
    again = searching.run("--optimize-prompts", "--promptopt-steps=2")

    line = next(e for e in first.stdout.lines if "it ended when" in e)
    calls = line.partition("; ")[2].partition(" calls")[0]
    assert line.endswith(", 0 replayed from the cache")
    repeated = next(e for e in again.stdout.lines if "it ended when" in e)
    assert f"; {calls} calls" in repeated
    assert repeated.endswith(f", {calls} replayed from the cache")


def test_a_body_that_breaks_during_a_search_is_named(searching: Project) -> None:
    searching.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl')\n"
        "def test_sort(case, prompt):\n"
        "    if 'Skill 50' in prompt.text: raise RuntimeError('no such day')\n"
        "    assert prompt.complete(ticket=case['ticket']).text == case.expected\n"
    )

    result = searching.run("--optimize-prompts", "--promptopt-steps=2")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*search (opro, seed 0): error. *got no score*RuntimeError: no such day*"]
    )
