"""Proposals for prompts where no diff reaches: a registry, a read-only file."""

from __future__ import annotations

import pytest
from conftest import Project
from test_optimizing import CONFTEST, searching

__all__ = ["searching"]

SUPPLY = """
import json
from pathlib import Path
from types import SimpleNamespace

def pytest_promptopt_source(config, name):
    kind, _, entry = name.partition(":")
    if kind not in ("registry", "store"):
        return None
    entries = json.loads(Path(config.rootpath, "registry.json").read_text())
    return SimpleNamespace(text=entries[entry])
"""
TEST = """
import pytest

@pytest.mark.prompt("registry:sort", cases="cases.jsonl")
def test_sort(case, output):
    assert output == case.expected
"""
START = (
    "{# promptopt: begin instructions -#}\\nSkill 40 at sorting\\n"
    "{# promptopt: end -#}\\n{{ ticket }}\\n"
)
PROPOSED = (
    "{# promptopt: begin instructions -#}\nSkill 80 at sorting\n"
    "{# promptopt: end -#}\n{{ ticket }}\n"
)
SEARCH = ("--optimize-prompts", "--promptopt-steps=4")


@pytest.fixture
def registry(searching: Project) -> Project:
    """A project whose prompt is in a registry."""
    searching.pytester.makeconftest(CONFTEST + SUPPLY)
    (searching.path / "registry.json").write_text(f'{{"sort": "{START}"}}')
    searching.write_test(TEST)
    return searching


def left_by(project: Project) -> list[str]:
    return sorted(path.name for path in project.path.glob("promptopt.*"))


def test_a_proposal_for_a_supplied_prompt_is_a_text_file(registry: Project) -> None:
    result = registry.run(*SEARCH)

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*search (opro, seed 0): proposed",
            "*hold-out 42.0% -> 82.0%: +40.0 points * 50 cases x 1 trial, look 1",
            "written: promptopt.sort.txt",
            "written: promptopt.md",
            "to apply the proposal for registry:sort: put the text of "
            "promptopt.sort.txt where that prompt is kept",
        ]
    )
    assert left_by(registry) == ["promptopt.md", "promptopt.sort.txt"]
    assert (registry.path / "promptopt.sort.txt").read_bytes() == PROPOSED.encode()
    text = (registry.path / "promptopt.md").read_text()
    assert text.endswith(
        "The new text of `registry:sort`, as it stands in `promptopt.sort.txt`:\n\n"
        f"```text\n{PROPOSED}```\n\n"
        "No diff can change `registry:sort`: put the text where it is kept.\n\n"
        "To record the new baselines afterwards:\n\n"
        "    pytest test_sort.py::test_sort --promptopt-update-baseline\n"
    )


def test_an_old_text_is_removed_and_a_users_file_is_left(registry: Project) -> None:
    registry.run(*SEARCH)
    mine = registry.path / "promptopt.mine.txt"
    mine.write_text("mine")

    registry.run("--optimize-prompts", "--promptopt-steps=1", "--promptopt-budget=9")

    assert left_by(registry) == ["promptopt.mine.txt"]


def test_a_text_that_was_changed_since_is_not_overwritten(registry: Project) -> None:
    registry.run(*SEARCH)
    changed = registry.path / "promptopt.sort.txt"
    changed.write_text(PROPOSED + "Thank you.\n")

    result = registry.run(*SEARCH)

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "promptopt.sort.txt was not written: there is a file of that name that no "
            "search wrote, or that was changed since; move it away and run the same "
            "command again: replies that came are not paid for twice",
            "*1 passed*",
            "requests: 0",
        ]
    )
    assert changed.read_text() == PROPOSED + "Thank you.\n"
    assert "```text\n" + PROPOSED in (registry.path / "promptopt.md").read_text()


def test_an_unconfirmed_text_stays_in_the_runs_folder(registry: Project) -> None:
    conftest = (CONFTEST + SUPPLY).replace("STEP = 10", "STEP = 2")
    registry.pytester.makeconftest(conftest)

    result = registry.run("--optimize-prompts", "--promptopt-steps=1")

    result.stdout.fnmatch_lines(["*search (opro, seed 0): unconfirmed. Better on*"])
    assert left_by(registry) == []
    (kept,) = (registry.path / ".promptopt" / "runs").rglob("best.*")
    assert kept.name == "best.sort.txt"
    assert "Skill 42 at sorting" in kept.read_text()

    registry.run("--optimize-prompts", "--promptopt-budget=109")

    assert not kept.exists()


def test_of_two_texts_for_one_prompt_the_larger_gain_is_written(
    registry: Project,
) -> None:
    other = TEST.replace("test_sort", "test_some").replace(
        "assert output", "assert case.id.endswith('1') or output"
    )
    registry.write_test(TEST + other)

    result = registry.run(*SEARCH, "--promptopt-budget=20000")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "left out: registry:sort (test_sort.py::test_some), since another proposal "
            "changes the same text and gains as much or more"
        ]
    )
    assert left_by(registry) == ["promptopt.md", "promptopt.sort.txt"]


def test_a_diff_and_a_text_are_proposed_side_by_side(registry: Project) -> None:
    other = TEST.replace("test_sort", "test_file").replace(
        "registry:sort", "prompts/sort.j2"
    )
    registry.write_test(TEST + other)

    result = registry.run(*SEARCH, "--promptopt-budget=20000")

    assert result.ret == 0
    assert left_by(registry) == ["promptopt.diff", "promptopt.md", "promptopt.sort.txt"]
    record = (
        "    pytest test_sort.py::test_file test_sort.py::test_sort "
        "--promptopt-update-baseline\n"
    )
    assert (
        (registry.path / "promptopt.md")
        .read_text()
        .endswith(
            "No diff can change `registry:sort`: put the text where it is kept.\n\n"
            "To apply the diff, and to record the new baselines afterwards:\n\n"
            f"    git apply --whitespace=nowarn promptopt.diff\n{record}\n"
            "To undo it, and to record the old ones again:\n\n"
            f"    git apply --reverse --whitespace=nowarn promptopt.diff\n{record}"
        )
    )


def test_a_read_only_prompt_is_scored_and_its_search_refused(
    searching: Project,
) -> None:
    path = searching.path / "prompts" / "sort.prompt"
    path.write_text("Skill 40 at sorting\n{{ticket}}\n", encoding="utf-8")
    searching.write_test(TEST.replace("registry:sort", "prompts/sort.prompt"))

    result = searching.run(*SEARCH)

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "prompts/sort.prompt (test_sort, scripted:skill): inconclusive *100 calls]",
            f"  search (opro, seed 0): refused. {path}: a Dotprompt file is read and "
            "never rewritten, *",
            "requests: 100",
        ]
    )
