import pytest

TICKETS = [
    {"id": "twice", "ticket": "A second charge!", "expected": "billing"},
    {"id": "late", "ticket": "My parcel is late.", "expected": "shipping"},
]


def refund(order):
    return {"name": "refund", "arguments": {"order": order}}


MAILS = [
    {"id": "back", "mail": "KL-2041 was broken.", "expected": refund("KL-2041")},
    {"id": "thanks", "mail": "All is well, thank you.", "expected": []},
]


@pytest.mark.prompt(
    "app:TRIAGE", syntax="format", cases=TICKETS, request="app:TRIAGE_REQUEST"
)
def test_triage(case, completion):
    assert completion.json["label"] == case.expected


@pytest.mark.prompt(
    "app:REFUND",
    syntax="format",
    cases=MAILS,
    request="app:REFUND_REQUEST",
    scorer="tool_call",
)
def test_refund(): ...
