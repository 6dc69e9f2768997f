import pytest

from pytest_promptopt import Score
from pytest_promptopt.scorers import all_of, json_schema, not_, regex

SCHEMA = json_schema("order.schema.json")


@pytest.mark.prompt("order.txt", cases="orders.jsonl", scorer=all_of("json", SCHEMA))
def test_order(): ...


@pytest.mark.prompt(
    "topics.txt", cases="topics.jsonl", scorer="set_f1", model="script:replies"
)
def test_topics(): ...


def brief(case, completion):
    words = len(completion.text.split())
    return Score(value=min(1.0, 7 / words), reason=f"{words} words")


@pytest.mark.prompt(
    "reply.txt",
    cases="replies.jsonl",
    scorer=all_of("includes", brief, polite=not_(regex("(?i)as an ai"))),
    model="script:replies",
)
def test_reply(): ...
