"""A strategy that nobody names is chosen, and the run says which one and why."""

from __future__ import annotations

import pytest
from conftest import Project, run_within

AUTO = ("--optimize-prompts", "--promptopt-strategy=auto", "--promptopt-steps=1")
INI = "[pytest]\npromptopt_model = offline:rules\n"
WHY = "failures say why: the right answer or a reason"


@pytest.fixture
def sorting(project: Project) -> Project:
    project.write_cases(80)
    project.pytester.makeini(INI)
    (project.path / "prompts" / "sort.j2").write_text(
        "Answer with the word that comes after say, if there is one: {{ ticket }}\n"
    )
    return project


def test_the_choice_is_told_before_the_first_call_and_in_the_report(
    sorting: Project,
) -> None:
    result = run_within(sorting.pytester, "--optimize-prompts", "--promptopt-steps=1")

    result.stdout.fnmatch_lines(
        [
            f"search of test_sort (reflect): * can be confirmed; chosen: {WHY}",
            "*search (reflect, seed 0): *",
            f"  reflect was chosen: {WHY}",
        ]
    )


def test_a_strategy_that_is_named_wins_and_needs_no_reason(sorting: Project) -> None:
    result = run_within(sorting.pytester, *AUTO[::2], "--promptopt-strategy=opro")

    result.stdout.fnmatch_lines(["search of test_sort (opro): *"])
    result.stdout.no_fnmatch_line("*chosen*")


def test_auto_has_no_options_of_its_own(sorting: Project) -> None:
    (sorting.path / "pyproject.toml").write_text(
        "[tool.promptopt.strategy.auto]\nsteps = 3\n"
    )

    result = run_within(sorting.pytester, *AUTO)

    result.stderr.fnmatch_lines(["*auto has no options of its own*"])
