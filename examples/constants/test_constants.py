import pytest

TONE = [
    {"mail": "Thank you, that was a polite mail!", "expected": "yes"},
    {"mail": "Where is my money?", "expected": "no"},
    {"mail": "My polite question: when do you open?", "expected": "yes"},
]
TICKETS = [
    {"ticket": "The invoice has a second charge.", "expected": "billing"},
    {"ticket": "Please change the delivery address.", "expected": "shipping"},
    {"ticket": "I want a refund.", "expected": "billing"},
]
MAILS = [
    {"mail": "Where is KL-2041?", "expected": "KL-2041"},
    {"mail": "Order 17 came, but QT-7735 of last week did not.", "expected": "QT-7735"},
]


@pytest.mark.prompt("app:TONE", syntax="format", cases=TONE, scorer="exact")
def test_a_constant_with_format_fields(): ...


@pytest.mark.prompt("app:PROMPTS[triage]", cases=TICKETS, scorer="exact")
def test_an_entry_of_a_dict(): ...


@pytest.mark.prompt("app:Orders.MESSAGES", cases=MAILS)
def test_a_list_of_messages_in_a_class(case, completion):
    assert completion.json["order"] == case.expected
