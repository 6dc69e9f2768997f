import pytest


@pytest.mark.prompt("prompts.toml:triage.text", syntax="format", cases="triage.toml")
def test_one_text(case, output):
    assert output == case.expected


@pytest.mark.prompt(
    system="prompts.toml:tone.system",
    user="prompts.toml:tone.user",
    syntax={"user": "format"},
    cases="tone.toml",
)
def test_two_texts_that_are_one_chat(case, output):
    assert output == case.expected
