"""The prompts, on cases from the shop's inbox."""

import pytest

from papershop.replies import objections
from pytest_promptopt.scorers import json_fields


@pytest.mark.prompt("prompts/triage.j2", cases="cases/triage.jsonl")
def test_triage(case, output):
    assert output.strip().lower() == case.expected


@pytest.mark.prompt(
    system="prompts/order_system.j2",
    user="prompts/order_user.j2",
    cases="cases/orders.jsonl",
    scorer=json_fields(partial=True),
)
def test_orders(): ...


@pytest.mark.prompt("papershop.prompts:TONE", cases="cases/tone.jsonl")
def test_tone(case, prompt):
    found = objections(case["draft"], lambda draft: prompt.complete(draft=draft).text)

    assert found == case.expected
