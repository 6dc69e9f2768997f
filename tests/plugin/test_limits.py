"""Limits on parts of the scores: refused at collection, failing and passing builds."""

from __future__ import annotations

import pytest
from conftest import Project

PROMPT_TEST = """
import pytest
from pytest_promptopt import Score

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", limits=LIMITS)
def test_sort(case, output):
    word, _, rest = output.partition(" ")
    return Score(value=float(word == case.expected), parts={"brief": float(not rest)})
"""
CONFTEST = """
import re
from pytest_promptopt.records import Completion, Usage
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    words = [re.search(r"say (\\w+)", text)[1]]
    words += ["indeed"] * 9 if "At length" in text else []
    usage = Usage(prompt_tokens=20, completion_tokens=len(words))
    return Completion(text=" ".join(words), usage=usage)

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer) if name == "scripted:skill" else None
"""


def write_test(project: Project, limits: str) -> None:
    project.pytester.makeconftest(CONFTEST)
    project.write_test(PROMPT_TEST.replace("LIMITS", limits))


@pytest.mark.parametrize("limits", ['{"length": "+10%"}', '{"brief": "-2%"}'])
def test_a_prompt_as_good_but_beyond_its_limit_fails_the_build(
    project: Project, limits: str
) -> None:
    write_test(project, limits)
    project.record()
    project.write_prompt("At length")

    result = project.run()

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    part, limit = limits.strip("{}").replace('"', "").split(": ")
    assert "fail (limit)" in result.stdout.str()
    assert part in result.stdout.str()
    assert limit in result.stdout.str()


def test_a_prompt_within_its_limits_passes(project: Project) -> None:
    write_test(project, '{"length": "<=400", "brief": ">=0.9"}')
    project.record()
    project.write_prompt("In a word")

    result = project.run()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*pass (same): 100.0% *"])


def test_a_limit_on_what_is_not_known_is_an_error_that_says_what_is(
    project: Project,
) -> None:
    write_test(project, '{"cost": "+10%"}')
    project.record()
    project.write_prompt("In a word")

    result = project.run()

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    shown = result.stdout.str()
    assert (
        "limits: no case has a part 'cost' in both arms; the parts known are 'brief',"
        " 'latency', 'length', 'output_tokens', 'tokens'" in shown
    )
    assert (
        'hint: add the model\'s prices: [tool.promptopt.prices."openai:gpt-5-mini"]'
        in shown
    )


def test_a_limit_on_the_cost_holds_once_the_model_has_a_price(project: Project) -> None:
    write_test(project, '{"cost": "+10%"}')
    (project.path / "pyproject.toml").write_text(
        '[tool.promptopt.prices."scripted:skill"]\ninput = 0.25\noutput = 2\n'
    )
    project.record()
    project.write_prompt("At length")

    result = project.run()

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "fail (limit)" in result.stdout.str()


@pytest.mark.parametrize(
    ("limits", "problem", "hint"),
    [
        (
            "'+10%'",
            "limits='+10%' is no dict of parts",
            'write limits={"tokens": "+10%"}',
        ),
        (
            "{'tokens': 400}",
            "limits['tokens']: 400 is no text",
            'write limits={"tokens": "<=400"} or limits={"tokens": "+10%"}',
        ),
        (
            "{'tokens': '10%'}",
            "limits['tokens']: limit '10%' cannot be read",
            'put a sign before it: "+10%" or "-10%"',
        ),
        (
            "{5: '+10%'}",
            "limits: 5 names no part",
            'write limits={"tokens": "+10%"}',
        ),
    ],
)
def test_limits_that_cannot_be_read_are_refused_at_collection(
    project: Project, limits: str, problem: str, hint: str
) -> None:
    write_test(project, limits)

    result = project.run("--co")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    shown = result.stdout.str()
    assert f"prompt marker: {problem}\n" in shown
    assert f"hint: {hint}\n" in shown
