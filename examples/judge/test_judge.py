import pytest

from pytest_promptopt.scorers import judge

POLITE = judge("polite.j2", labels="labels.jsonl", min_kappa=0.5)


@pytest.mark.prompt("reply.j2", cases="mails.jsonl", scorer=POLITE)
def test_reply(): ...


@pytest.mark.prompt(
    "polite.j2", cases="labels.jsonl", scorer="verdict", model="script:judge"
)
def test_rubric(): ...
