"""promptopt_embeddings as a user sees it: asked, kept, failing, misspelt."""

from __future__ import annotations

import pytest
from conftest import Project

CONFTEST = """
import json, re
from pytest_promptopt import ModelError
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    if "<attempt>" in text:
        return f"<new_text>Skill {41 + request.seed} at sorting</new_text>"
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    return word if int(number) * 37 % 100 < skill else "nonsense"

def placed(request):
    ROLE_OF_IT
    return json.dumps([[len(entry.content), 1.0] for entry in request.messages])

MODEL, PLACES = ScriptedModel(answer), ScriptedModel(placed)

def pytest_promptopt_model(config, name, role):
    if name == "house:places":
        assert role == "embeddings"
        return PLACES
    return MODEL if name == "scripted:skill" else None

def pytest_unconfigure(config):
    texts = [len(request.messages) for request in PLACES.requests]
    print("vectors:", texts, "others:", len(MODEL.requests))
"""

TEST = """
import pytest

@pytest.mark.prompt("prompts/sort.j2", cases="cases.jsonl", scorer="exact")
def test_sort(): ...
"""


@pytest.fixture
def searching(project: Project) -> Project:
    project.pytester.makeconftest(CONFTEST.replace("ROLE_OF_IT", "pass"))
    project.write_ini("promptopt_strategy = gpo", "promptopt_embeddings = house:places")
    project.write_test(TEST)
    project.write_cases(60)
    (project.path / "pyproject.toml").write_text(
        "[tool.promptopt.strategy.gpo]\nper_step = 2\n"
    )
    (project.path / "prompts" / "sort.j2").write_text(
        "{# promptopt: begin instructions -#}\nSkill 40 at sorting\n"
        "{# promptopt: end -#}\n{{ ticket }}\n"
    )
    return project


def test_an_embeddings_model_is_asked_and_replayed_like_any_model(
    searching: Project,
) -> None:
    first = searching.run("--optimize-prompts", "--promptopt-steps=3")
    again = searching.run("--optimize-prompts", "--promptopt-steps=3")

    first.stdout.fnmatch_lines(
        [
            "*search (gpo, seed 0): *",
            "vectors: [[]2, 1[]] others: *",  # the start and a winner, another winner
        ]
    )
    again.stdout.fnmatch_lines(["vectors: [[][]] others: 0"])


def test_an_embeddings_model_that_fails_is_told_once_and_ends_nothing(
    searching: Project,
) -> None:
    broken = "raise ModelError('house:places is on fire', 'call the fire brigade')"
    searching.pytester.makeconftest(CONFTEST.replace("ROLE_OF_IT", broken))

    result = searching.run("--optimize-prompts", "--promptopt-steps=3")

    result.stdout.fnmatch_lines(["*search (gpo, seed 0): *"])
    result.stdout.fnmatch_lines(
        [
            "*embeddings: house:places is on fire; call the fire brigade. The search "
            "went on without: common words told it which texts are alike"
        ]
    )
    assert result.stdout.str().count("The search went on without") == 1
    result.stdout.fnmatch_lines(["vectors: [[]2[]] others: *"])


def test_a_name_that_leads_nowhere_is_an_error_of_the_search(
    searching: Project,
) -> None:
    searching.write_ini(
        "promptopt_strategy = gpo", "promptopt_embeddings = offline:rules"
    )

    result = searching.run("--optimize-prompts")

    result.stdout.fnmatch_lines(
        ["*search failed: promptopt_embeddings: 'offline:rules' gives no vectors; *"]
    )
    result.assert_outcomes(passed=1, warnings=2)
