"""Examples regions as a user sees them: the diff, the pull request, the options."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from conftest import Project

CONFTEST = """
import re
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    *shown, asked = re.findall(r"Case (\\d+): say (\\w+)", request.messages[0].content)
    assert asked not in shown, "the answer stands in the prompt"
    labels = re.findall(r"Label: (\\w+)", request.messages[0].content)
    return asked[1] if asked[1] in labels else "nonsense"

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer) if name == "scripted:skill" else None
"""
TEMPLATE = """\
Sort the ticket.
{# promptopt: begin examples shots -#}
{# promptopt: example
{{ ticket }}
Label: {{ expected }}
-#}
{# promptopt: end -#}
{{ ticket }}
"""


@pytest.fixture
def showing(project: Project) -> Project:
    project.pytester.makeconftest(CONFTEST)
    cases = [
        {
            "id": f"c{number}",
            "ticket": f"Case {number}: say w{number % 3} {{{{ now }}}}",
            "expected": f"w{number % 3}",
        }
        for number in range(80)
    ]
    text = "".join(json.dumps(case) + "\n" for case in cases)
    (project.path / "cases.jsonl").write_text(text, encoding="utf-8")
    (project.path / "prompts" / "sort.j2").write_text(TEMPLATE, encoding="utf-8")
    return project


def test_a_model_that_needs_examples_gets_them_in_a_diff_that_git_applies(
    showing: Project,
) -> None:
    subprocess.run(["git", "init", "-q"], cwd=showing.path, check=True)
    options = "[tool.promptopt.strategy.examples]\nmost = 3\nper_step = 2\n"
    (showing.path / "pyproject.toml").write_text(options, encoding="utf-8")

    result = showing.run("--optimize-prompts", "--promptopt-steps=1")

    result.stdout.fnmatch_lines(["*hold-out 0.0% -> 100.0%: +100.0 points *"])
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "promptopt.diff"],
        cwd=showing.path,
        check=True,
    )
    written = (showing.path / "prompts" / "sort.j2").read_text("utf-8")
    shown = r"Case (\d+): say (w\d) {{ '{{' }} now }}\nLabel: \2\n\n"
    assert re.fullmatch(
        re.escape(TEMPLATE).replace(
            re.escape("{# promptopt: end"), f"(?:{shown}){{3}}" r"\{\#\ promptopt:\ end"
        ),
        written,
    )
    ids = [f"`c{number}`" for number, _ in re.findall(shown, written)]
    text = (showing.path / "promptopt.md").read_text("utf-8")
    assert f"), which shows {', '.join(ids)}\n" in text
    assert ", none of them to an optimizer model, " in text


def test_a_wrong_option_of_the_examples_is_refused_before_the_run(
    showing: Project,
) -> None:
    options = "[tool.promptopt.strategy.examples]\nmany = 3\n"
    (showing.path / "pyproject.toml").write_text(options, encoding="utf-8")

    result = showing.run("--optimize-prompts")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: [[]tool.promptopt.strategy.examples]: strategy examples has no "
            "option 'many'",
            "  hint: use one of: most, per_step, race",
        ]
    )
