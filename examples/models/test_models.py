import pytest


@pytest.mark.prompt("triage.j2", cases="cases.jsonl", request={"temperature": 0})
def test_triage(case, output):
    assert output == case.expected


@pytest.mark.prompt("triage.j2", cases="cases.jsonl", model="house:async")
def test_triage_with_the_async_client(case, output):
    assert output == case.expected
