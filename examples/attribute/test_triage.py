import app
import pytest


@pytest.mark.prompt(
    "prompts:TRIAGE",
    syntax="format",
    cases="cases.jsonl",
    deliver="attribute",
    watch=["app.py", "client.py"],
)
def test_triage(case):
    assert app.triage(case["ticket"]) == case.expected
