import app
import pytest


@pytest.mark.prompt("triage.j2", cases="cases.jsonl", watch=["app.py"])
def test_a_ticket_lands_in_the_right_queue(case, prompt):
    desk = app.Desk(lambda ticket: prompt.complete(ticket=ticket).text)
    assert desk.queue(case["ticket"]) == case.expected
