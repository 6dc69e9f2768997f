"""A search can begin with what git remembers of a prompt."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

CONFTEST = """
import re
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    if "new_text" in text:
        with open("asked.txt", "a") as asked:
            asked.write(text)
        return "I would rather not."
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    return word if int(number) % 100 < skill else "nonsense"

MODEL = ScriptedModel(answer)

def pytest_promptopt_model(config, name, role):
    return MODEL if name == "scripted:skill" else None
"""

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org")
BEGIN, END = "{# promptopt: begin instructions -#}\n", "{# promptopt: end -#}\n"


def git(project: Project, *arguments: str) -> None:
    subprocess.run(["git", *IDENTITY, *arguments], cwd=project.path, check=True)


def template(text: str) -> str:
    return f"{BEGIN}{text}\n{END}{{{{ ticket }}}}\n"


@pytest.fixture
def remembering(project: Project) -> Project:
    """A prompt that was better once, under another name, among other things."""
    project.pytester.makeconftest(CONFTEST)
    project.write_cases(100)
    git(project, "init", "--quiet", "--template=")
    folder = project.path / "prompts"
    (folder / "sort.j2").unlink()
    history = [
        ("old.j2", "Skill 70 without any mark\n{{ ticket }}\n"),
        ("old.j2", template("Skill 80 at sorting what is in the tickets of the day")),
        ("old.j2", template("Skill 75 for {{ customer }} at sorting tickets of a day")),
        ("old.j2", template("Skill 85 at {% if %} sorting what is in tickets")),
        (
            "old.j2",
            template("Skill 90 at sorting\u200b what is in the tickets of the day"),
        ),
        ("old.j2", template("Skill 60 at sorting what is in the tickets of the day")),
    ]
    for name, text in history:
        (folder / name).write_text(text)
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--message", "An edit")
    git(project, "mv", "prompts/old.j2", "prompts/sort.j2")
    git(project, "commit", "--quiet", "--message", "A better name")
    (folder / "sort.j2").write_text(template("Skill 40 at sorting"))
    git(project, "commit", "--quiet", "--all", "--message", "A hurried edit")
    return project


def test_what_was_better_once_is_proposed_again(remembering: Project) -> None:
    result = remembering.run(
        "--optimize-prompts", "--promptopt-strategy=evoprompt-ga", "--promptopt-steps=1"
    )

    result.stdout.fnmatch_lines(
        [
            "*search (evoprompt-ga, seed 0): proposed*",
            "*start: best on train 78.0%, turned away: unparsable: no tag 11, *",
            "*step 1: best on train 78.0%, 0 of 10 tried, turned away: *",
            "*hold-out 4?.0% -> 8?.0%: +4?.0 points *",
        ]
    )
    git(remembering, "apply", "--whitespace=nowarn", "promptopt.diff")
    text = (remembering.path / "prompts" / "sort.j2").read_text()
    assert text == template("Skill 80 at sorting what is in the tickets of the day")
    shown = (remembering.path / "asked.txt").read_text()
    assert "Skill 60" in shown
    # Without the mark, with another variable, no template, with a hidden character.
    for number in (70, 75, 85, 90):
        assert f"Skill {number}" not in shown


def test_a_history_that_cannot_be_listed_is_done_without(remembering: Project) -> None:
    (remembering.path / "other").mkdir()
    (remembering.path / "other" / "file").touch()
    (remembering.path / "prompts" / "sort.j2").write_text(template("Skill 45 at it"))
    git(remembering, "add", "--all")
    git(remembering, "commit", "--quiet", "--message", "Another folder")
    asked = ["git", "rev-parse", "HEAD:other"]
    tree = subprocess.check_output(asked, cwd=remembering.path, text=True).strip()
    (remembering.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()

    result = remembering.run(
        "--optimize-prompts", "--promptopt-strategy=evoprompt-ga", "--promptopt-steps=1"
    )

    result.stdout.fnmatch_lines(["*search (evoprompt-ga, seed 0): nothing better*"])
