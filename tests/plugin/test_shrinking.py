"""A prompt that is always right can be made shorter, and git takes the diff."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Project

CONFTEST = """
import re
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    if "new_text" in text:
        return "<new_text>Skill 100.</new_text>"
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    return word if "Skill 100" in text else "nonsense"

MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL if name == "scripted:skill" else None
"""

LONG = """\
{# promptopt: begin instructions -#}
You are a clerk of many years. Skill 100 at sorting.

- Some say this matters.
- Others say that it does not.

Mind that nobody ever reads this to the end.
{# promptopt: end -#}
{{ ticket }}
"""


def test_a_perfect_prompt_becomes_shorter(project: Project) -> None:
    project.pytester.makeconftest(CONFTEST)
    project.write_cases(200)
    place = project.path / "prompts" / "sort.j2"
    place.write_text(LONG)

    result = project.run(
        "--optimize-prompts", "--promptopt-strategy=gi-shrink", "--promptopt-steps=4"
    )

    result.stdout.fnmatch_lines(
        [
            "*a shorter prompt may lose less than 5.0 points*",
            "*search (gi-shrink, seed 0): proposed*",
            "*hold-out 100.0% -> 100.0% (non-inferior within 5.0 points, p = * (limit "
            "0.0304)), 39 -> * tokens (estimated), * cases x 1 trial, look 1",
        ]
    )
    told = (project.path / "promptopt.md").read_text()
    assert "- shorter: 100.0% -> 100.0% (non-inferior" in told
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "promptopt.diff"],
        cwd=project.path,
        check=True,
    )
    text = place.read_text()
    assert "Skill 100" in text
    assert len(text.split()) < len(LONG.split()) - 15
