import pytest
from app import closed_tickets


@pytest.mark.prompt("triage.txt", cases="promptfoo.csv", scorer="promptfoo")
def test_the_table_that_promptfoo_used(): ...


def from_the_archive():
    for row in closed_tickets():
        yield {
            "id": row["number"],
            "ticket": row["text"],
            "expected": row["queue"],
            "tags": ["archive"],
        }


@pytest.mark.prompt("triage.txt", cases=from_the_archive, sample=20)
def test_twenty_of_the_archive(case, output):
    assert output == case.expected


@pytest.mark.prompt("triage.txt", cases=from_the_archive, limit=4, scorer="choice")
def test_the_first_four(): ...
