import pytest


@pytest.mark.prompt("prompts/triage.j2", cases="cases/triage.jsonl")
def test_jinja_with_the_filter_of_the_application(case, output):
    assert output == case.expected


@pytest.mark.prompt("app:ORDER", syntax="format", cases="cases/order.jsonl")
def test_format_with_doubled_braces(case, completion):
    assert completion.json["order"] == case.expected


@pytest.mark.prompt(
    system="prompts/due.txt",
    user="app:DUE",
    syntax={"system": "literal", "user": "format"},
    cases="cases/due.jsonl",
)
def test_literal_with_braces_for_the_model(case, completion):
    assert completion.json["due"] == case.expected
