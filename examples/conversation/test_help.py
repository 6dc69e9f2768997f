import app
import pytest


@pytest.mark.prompt("help.j2", cases="cases.jsonl", watch=["app.py"])
def test_a_customer_is_routed_in_the_end(case, prompt):
    line = app.HelpLine(
        lambda history: prompt.send(history).text, prompt.render(shop="Acme")
    )
    answers = [line.hears(text) for text in case["said"]]

    assert answers[-1] == case.expected
    assert all(answer.endswith("?") for answer in answers[:-1])
