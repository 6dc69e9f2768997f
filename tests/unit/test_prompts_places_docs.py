"""What docs/sources.md shows is read as it says."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_promptopt import hookspecs
from pytest_promptopt.prompts import load_prompt

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in BLOCK.findall(PAGE):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("place", "messages"),
    [
        ("shop.prompts:TRIAGE", ["Sort the ticket: T"]),
        (
            "shop.prompts:PROMPTS[tone]",
            ["Say whether the ticket is polite. Answer yes or no: T"],
        ),
        ("shop.prompts:PROMPTS[order]", ["Find the order number.\nT"]),
        ("shop.prompts:MESSAGES", ["Sort the ticket.", "T"]),
        ("shop.prompts:MESSAGES[0]", ["Sort the ticket."]),
        ("prompts.toml:triage.text", ["Sort the ticket: T"]),
        ("prompts.yaml:triage.text", ["Sort the ticket.\nT"]),
        ("prompts.yaml:triage.messages", ["Sort the ticket.", "T"]),
        ("prompts.yaml:triage.messages[0].content", ["Sort the ticket."]),
        ("triage.prompt.yml", ["Sort the ticket.", "T"]),
    ],
)
def test_the_places_of_the_page_are_prompts(
    folder: Path, place: str, messages: list[str]
) -> None:
    prompt = load_prompt({"": place}, roots=[folder])

    rendered = prompt.render({"ticket": "T"})

    assert [message.content.rstrip("\n") for message in rendered] == messages


def test_the_settings_of_the_page_go_into_the_request(folder: Path) -> None:
    prompt = load_prompt({"": "triage.prompt.yml"}, roots=[folder])

    assert prompt.request_defaults == {"temperature": 0, "max_tokens": 20}


def test_the_hook_of_the_page_is_the_hookspecs_and_works(folder: Path) -> None:
    (code,) = (text for name, text in BLOCK.findall(PAGE) if name == "conftest.py")
    doc = inspect.cleandoc(str(hookspecs.pytest_promptopt_source.__doc__))
    (folder / "registry.json").write_text('{"triage": "Sort."}', encoding="utf-8")
    names: dict[str, Any] = {}
    exec(code, names)

    hook = names["pytest_promptopt_source"]
    config = SimpleNamespace(rootpath=folder)

    shown = textwrap.dedent(doc.partition("::\n")[2])
    assert ast.dump(ast.parse(shown)) == ast.dump(ast.parse(code))
    assert hook(config, "registry:triage").text == "Sort."
    assert hook(config, "other:triage") is None
