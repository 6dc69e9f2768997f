import app
import pytest


@pytest.mark.prompt(
    "orders.j2", cases="cases.jsonl", request="app:REQUEST", watch=["app.py"]
)
def test_an_order_is_looked_up_and_told(case, prompt):
    def complete(messages):
        return prompt.send(messages).message.as_openai()

    told = app.assist(complete, prompt.render(shop="Acme"), case["question"])

    assert case.expected in told
