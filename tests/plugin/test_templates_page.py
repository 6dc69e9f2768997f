"""What docs/templates.md shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jinja2
import pytest
from conftest import run_within

from pytest_promptopt.prompts import environment_named, load_prompt
from pytest_promptopt.settings import SYNTAXES

PAGE = Path(__file__).parents[2] / "docs" / "templates.md"
MODEL = """
from pytest_promptopt.testing import ScriptedModel

def answer(request):
    text = request.messages[-1].content
    assert '{"label": "billing"}' in text and "{ticket}" not in text
    return '{"label": "shipping"}' if "parcel" in text else '{"label": "billing"}'

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer)
"""
CASES = [
    {"id": "a", "ticket": "Where is my parcel?", "expected": "shipping"},
    {"id": "b", "ticket": "Charged twice", "expected": "billing"},
]


def files() -> dict[str, str]:
    text = PAGE.read_text("utf-8")
    found = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert len(found) == text.count("\n```") // 2
    return dict(found)


@pytest.fixture
def shown(pytester: pytest.Pytester) -> pytest.Pytester:
    for name, text in files().items():
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return pytester


def test_the_example_runs(shown: pytest.Pytester) -> None:
    shown.makeconftest(MODEL)
    rows = "".join(json.dumps(row) + "\n" for row in CASES)
    (shown.path / "cases.jsonl").write_text(rows, encoding="utf-8")

    result = run_within(shown, "-o", "promptopt_model=scripted:x")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*100.0%*"])


def test_the_environment_renders_as_its_application_does(
    shown: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(shown.path)
    inputs = {"urgent": True, "ticket": "Where is\nmy parcel?"}
    name = files()["pytest.ini"].split("promptopt_environment = ")[1].strip()

    prompt = load_prompt(
        {"": "prompts/reply.j2"},
        roots=[shown.path],
        environment=environment_named(name),
    )

    (message,) = prompt.render(inputs)
    assert message.content == ("Answer for ACME within the hour.\nWhere is my parcel?")
    with pytest.raises(jinja2.TemplateError):
        jinja2.Environment(autoescape=False).from_string(files()["prompts/reply.j2"])


def test_the_page_names_the_syntaxes_that_there_are() -> None:
    text = PAGE.read_text("utf-8")

    assert re.findall(r'^\| `"(\w+)"`', text, re.MULTILINE) == list(SYNTAXES)
