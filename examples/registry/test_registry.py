import pytest

TICKETS = [
    {"id": "twice", "ticket": "My invoice has a second charge.", "expected": "billing"},
    {"id": "moved", "ticket": "Change the delivery address.", "expected": "shipping"},
    {"id": "back", "ticket": "I want a refund.", "expected": "billing"},
]
MAILS = [
    {"id": "thanks", "mail": "Thank you for a polite mail!", "expected": "yes"},
    {"id": "money", "mail": "Where is my money?", "expected": "no"},
]


@pytest.mark.prompt("database:triage", syntax="format", cases=TICKETS)
def test_triage(case, output):
    assert output == case.expected


@pytest.mark.prompt("database:tone", syntax="format", cases=MAILS)
def test_tone(case, output):
    assert output == case.expected
