"""The journal of a search and the options of its strategy, as a user has them."""

from __future__ import annotations

import json
import shutil

import pytest
from conftest import Project

from pytest_promptopt.optimize.replaying import rebuilt

STRATEGY = """
from pytest_promptopt.optimize import Evaluate
from pytest_promptopt.records import Origin

class Praise:
    name = "praise"

    def __init__(self, skill):
        self.skill = skill

    def search(self, task):
        address = task.regions[0].address
        text = f"Skill {self.skill} at sorting"
        yield Evaluate(
            candidates=(task.rewritten(task.incumbent, address, text),),
            cases=task.cases,
            origins=(Origin(operator="praise", parents=(task.incumbent.key,)),),
        )

def pytest_promptopt_strategy(name, options):
    return Praise(**options) if name == "praise" else None
"""
SEARCH = ("--optimize-prompts", "--promptopt-strategy=praise")


@pytest.fixture
def praising(project: Project) -> Project:
    conftest = project.path / "conftest.py"
    conftest.write_text(conftest.read_text() + STRATEGY)
    project.write_cases(60)
    (project.path / "prompts" / "sort.j2").write_text(
        "{# promptopt: begin instructions -#}\nSkill 10 at sorting\n"
        "{# promptopt: end -#}\n{{ ticket }}\n"
    )
    (project.path / "pyproject.toml").write_text(
        "[tool.promptopt.strategy.praise]\nskill = 58\n"
    )
    return project


def test_a_search_leaves_its_journal_and_goes_on_where_it_cannot(
    praising: Project,
) -> None:
    runs = praising.path / ".promptopt" / "runs"

    praising.run(*SEARCH).assert_outcomes(passed=1, warnings=1)
    text = (runs / "test_sort.py-test_sort" / "journal.jsonl").read_text()
    shutil.rmtree(runs)
    runs.write_text("a file where the folder should be")
    again = praising.run(*SEARCH)
    runs.unlink()
    praising.write_ini("promptopt_journal = off")
    praising.run(*SEARCH).assert_outcomes(passed=1, warnings=1)

    lines = [json.loads(line) for line in text.splitlines()]
    assert (lines[0]["what"], lines[-1]["what"]) == ("plan", "end")
    assert lines[-1]["outcome"] == "proposed"
    address = "prompts/sort.j2#instructions"
    assert rebuilt(text).texts == {address: "Skill 58 at sorting\n"}
    again.stdout.fnmatch_lines(
        [
            "*search (praise, seed 0): proposed*",
            "note: the search's journal */journal.jsonl ends here or is missing: "
            "Not a directory; nothing else depends on it",
        ]
    )
    assert not runs.exists()


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            "[tool.promptopt.strategy.opro]\nper_stp = 4\n",
            "strategy opro has no option 'per_stp'\n  hint: did you mean 'per_step'?",
        ),
        (
            "[tool.promptopt.strategy.orpo]\nper_step = 4\n",
            "unknown strategy 'orpo'\n  hint: did you mean 'opro'?",
        ),
    ],
)
def test_a_misspelt_table_or_option_of_a_strategy_ends_with_exit_code_4(
    project: Project, table: str, told: str
) -> None:
    (project.path / "pyproject.toml").write_text(table)

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    place = table.split("\n", maxsplit=1)[0]
    assert f"ERROR: {place}: {told}" in result.stderr.str()
