"""What docs/applications.md shows is what happens."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from conftest import run_within
from readme import matches

PAGE = (Path(__file__).parents[2] / "docs" / "applications.md").read_text("utf-8")
CLIENT = """
def complete(text):
    rules, _, ticket = text.rpartition("Ticket:")
    words = {"billing": "charge", "shipping": "parcel"}
    found = [label for label, word in words.items() if word in ticket]
    return next((label for label in found if label in rules), "other")
"""
MODEL = """
from pytest_promptopt.testing import ScriptedModel
from shop.client import complete

def pytest_promptopt_model(config, name, role):
    return ScriptedModel(lambda request: complete(request.messages[-1].content))
"""


def test_the_page_runs_as_it_stands(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(pytester.path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    shown = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    for name, text in [*shown, ("shop/client.py", CLIENT), ("conftest.py", MODEL)]:
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    pytester.makeini("[pytest]\npromptopt_model = scripted:x\n")

    result = run_within(pytester)

    result.assert_outcomes(passed=4)
    (printed,) = re.findall(r"<!-- printed -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    row, note = printed.splitlines()
    assert matches(result.stdout.lines, ["...", row, "...", note, "..."])
    assert len(shown) == PAGE.count("\n```") // 2 - 1
