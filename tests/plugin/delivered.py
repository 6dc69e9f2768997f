"""An application that calls its own model, and prompt tests of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import run_within

PROMPTS = """
SORT = "Skill 20. {{ ticket }}"  # of 20
"""
CLIENT = '''
import re

def ask(text):
    """Stand for a model that is as good as its prompt says."""
    skill = int(re.search(r"Skill (\\d+)", text)[1])
    number, word = re.search(r"Case (\\d+): say (\\w+)", text).groups()
    return word if int(number) < skill else "nonsense"
'''
SORTING = """
from shop.client import ask
from shop.prompts import SORT

def sort(ticket):
    return ask(SORT.replace("{{ ticket }}", ticket))

class Sorter:
    def __init__(self, prompt=None):
        self.prompt = prompt or SORT

    def sort(self, ticket):
        return ask(self.prompt.replace("{{ ticket }}", ticket))
"""
ATTRIBUTE = """
import pytest
from shop.sorting import sort

@pytest.mark.prompt("shop.prompts:SORT", cases="cases.jsonl", deliver="attribute")
def test_sort(case):
    assert sort(case["ticket"]) == case.expected
"""
MODEL = """
import re
from pytest_promptopt.testing import ScriptedModel

def write(request):
    text = request.messages[-1].content
    opening, closing = re.findall(r"</?\\w+>", text)[-2:]
    best = max(int(number) for number in re.findall(r"Skill (\\d+)", text))
    return f"{opening}Skill {min(100, best + 10)}. {{{{ ticket }}}}{closing}"

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(write)
"""


class Application:
    """A project with the package ``shop`` and one prompt test, ``test_sort.py``."""

    def __init__(self, pytester: pytest.Pytester, test: str) -> None:
        self.pytester = pytester
        self.path: Path = pytester.path
        self.write("shop/__init__.py", "")
        self.write("shop/prompts.py", PROMPTS)
        self.write("shop/client.py", CLIENT)
        self.write("shop/sorting.py", SORTING)
        self.write("test_sort.py", test)
        self.write("conftest.py", MODEL)
        self.write_ini()
        self.write_cases(20)

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def write_ini(self, *lines: str) -> None:
        model = ["promptopt_model = scripted:x", "promptopt_strategy = opro"]
        settings = ["[pytest]", *model, *lines, ""]
        self.write("pytest.ini", "\n".join(settings))

    def write_cases(self, number: int) -> None:
        rows = [
            {"id": f"c{at}", "ticket": f"Case {at}: say w{at}", "expected": f"w{at}"}
            for at in range(number)
        ]
        self.write("cases.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    def edit(self, old: str, new: str, name: str = "shop/prompts.py") -> None:
        path = self.path / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *arguments: str) -> pytest.RunResult:
        return run_within(self.pytester, *arguments)

    def record(self) -> None:
        assert self.run("--promptopt-update-baseline").ret == 0
