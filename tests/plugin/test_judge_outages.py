"""A judge whose provider is away: skipped as the model's own outage is."""

from __future__ import annotations

import pytest
from conftest import Project

CONFTEST = """
import re
from pytest_promptopt.errors import ProviderOutage
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    return word if int(number) < skill else "nonsense"

def verdict(request):
    if len(JUDGE.requests) > {up_to}:
        raise ProviderOutage("the judge is gone", "call it again later")
    return "verdict: pass"

JUDGE = ScriptedModel(verdict)
MODELS = {{"scripted:skill": ScriptedModel(answer), "scripted:judge": JUDGE}}

def pytest_promptopt_model(config, name, role):
    return MODELS.get(name)
"""
TEST = """
import pytest
from pytest_promptopt.scorers import judge

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", scorer=judge("polite.j2"))
def test_sort(): ...
"""


def away(project: Project, up_to: int) -> None:
    """Have the judge answer so many questions and no more."""
    project.pytester.makeconftest(CONFTEST.format(up_to=up_to))
    project.write_ini(
        "promptopt_judge_model = scripted:judge",
        "promptopt_on_outage = skip",
        "promptopt_concurrency = 1",
    )
    (project.path / "polite.j2").write_text("Judge this: <<{{ output }}>>")
    project.write_test(TEST)


@pytest.mark.parametrize("up_to", [0, 5])
def test_an_outage_of_the_judge_is_skipped_aloud(project: Project, up_to: int) -> None:
    away(project, up_to)

    result = project.run("-rs")

    assert result.ret == 0
    result.assert_outcomes(skipped=1, warnings=1)
    result.stdout.fnmatch_lines(
        [
            f"prompts/sort.j2 (*): error (provider): {20 - up_to} of 20 requests *",
            "  outage: skipped without being judged, as promptopt_on_outage says: *",
        ]
    )


def test_an_outage_that_leaves_only_the_judge_unexamined_is_said(
    project: Project,
) -> None:
    away(project, 20)

    result = project.run()

    result.assert_outcomes(passed=1, warnings=2)
    result.stdout.fnmatch_lines(
        ["*Warning: *20 of 20 questions about the judge got no reply: the judge*"]
    )
