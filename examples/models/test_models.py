import pytest

CASES = [
    {"id": "twice", "ticket": "There is a second charge.", "expected": "billing"},
    {"id": "late", "ticket": "My parcel is late.", "expected": "shipping"},
    {"id": "fee", "ticket": "What is this charge for?", "expected": "billing"},
]


@pytest.mark.prompt("prompts/triage.j2", cases=CASES, min_score=0.9)
def test_triage(case, output):
    assert output == case.expected


@pytest.mark.prompt(
    "prompts/triage.j2",
    cases=CASES,
    model="house:async",
    request={"temperature": 0},
    min_score=0.9,
)
def test_triage_with_the_async_client(case, output):
    assert output == case.expected
