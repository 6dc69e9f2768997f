import app
import pytest


@pytest.mark.prompt(
    {
        "summary": {"system": "prompts/shop.j2", "user": "prompts/summary.j2"},
        "team": {"system": "prompts/shop.j2", "user": "app:TEAM"},
    },
    request={"team": "app:EXACT"},
    cases="cases.jsonl",
    watch=["app.py"],
)
def test_a_mail_reaches_its_team(case, prompt):
    def ask(name, **inputs):
        return prompt[name].complete(**inputs).text

    assert app.route(case["mail"], ask) == case.expected
