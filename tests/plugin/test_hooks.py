"""Each hook's docstring example, run as written, and the model hook's promises."""

from __future__ import annotations

import inspect
import textwrap

import pytest
from conftest import Project

from pytest_promptopt import hookspecs


def example(hook: str) -> str:
    """Return the code of a hookspec's docstring example."""
    text = inspect.cleandoc(getattr(hookspecs, hook).__doc__)
    _, _, code = text.partition("::\n")
    return textwrap.dedent(code)


def test_the_model_example_runs_as_written(project: Project) -> None:
    project.pytester.makeconftest(example("pytest_promptopt_model"))
    project.write_ini()
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', model='house:small', min_score=0.9,"
        " cases=[{'ticket': 'Why?', 'expected': 'yes'},"
        " {'ticket': 'So.', 'expected': 'no'}])\n"
        "def test_sort(case, output): assert output == case.expected\n"
    )

    project.run().assert_outcomes(passed=1)


def test_the_scorer_example_runs_as_written(project: Project) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(conftest + example("pytest_promptopt_scorer"))
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', scorer='same_length', min_score=0.9,"
        " cases=[{'ticket': 'Case 1: say abc', 'expected': 'xyz'}])\n"
        "def test_sort(): ...\n"
    )

    project.run().assert_outcomes(passed=1)


def test_the_strategy_example_runs_as_written(project: Project) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(conftest + example("pytest_promptopt_strategy"))
    project.write_cases(80)
    project.write_prompt("Skill 20")

    result = project.run("--optimize-prompts", "--promptopt-strategy=politely")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*search (politely, seed 0)*"])


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_model_may_be_sync_or_async(project: Project, kind: str) -> None:
    project.pytester.makeconftest(
        "from pytest_promptopt import Completion\n"
        "class House:\n"
        f"    {kind} complete(self, request):\n"
        "        return Completion(text=request.messages[-1].content.split()[-1])\n"
        "def pytest_promptopt_model(config, name, role):\n"
        "    return House()\n"
    )
    project.write_test(
        "import pytest\n"
        "@pytest.mark.prompt('prompts/sort.j2', cases='cases.jsonl', min_score=0.9)\n"
        "def test_sort(case, output): assert output == case.expected\n"
    )

    project.run().assert_outcomes(passed=1)


def test_a_free_model_is_never_carried_over(project: Project) -> None:
    conftest = (project.path / "conftest.py").read_text()
    project.pytester.makeconftest(
        conftest.replace(
            "MODEL = ScriptedModel(answer)",
            "MODEL = ScriptedModel(answer)\nMODEL.free = True",
        )
    )
    project.record()

    result = project.run()

    result.stdout.fnmatch_lines(["*pass (same)*[[]20 calls[]]", "requests: 20"])
