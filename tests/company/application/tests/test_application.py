"""The company's own tests: what is sent, and what is made of the answer."""

import json
import subprocess
import sys

import pytest

from parcel import agent, compose, extract, llm, registry, reply, templates, triage


class Recorder:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def chat(self, messages, settings):
        self.sent.append((messages, settings))
        answer = self.answers.pop(0)
        if isinstance(answer, dict):
            return answer
        return {"role": "assistant", "content": answer}

    @property
    def text(self):
        return self.sent[-1][0][-1]["content"]


@pytest.fixture
def provider():
    def register(*answers):
        client = Recorder(*answers)
        llm.register("default", client)
        return client

    return register


def test_triage(provider):
    client = provider(" Billing\n")
    assert triage.triage("Charged {twice}") == "billing"
    assert client.text.endswith("\n\nMessage: Charged {twice}\nTeam:")


def test_tone(provider):
    client = provider("neutral")
    assert reply.tone("Where is it?") == "neutral"
    assert [entry["role"] for entry in client.sent[0][0]] == ["system", "user"]
    assert client.text == "Where is it?"


def test_refund(provider):
    client = provider("yes")
    assert templates.refund("It is lost", 1250) == "yes"
    assert "12.50 EUR" in client.text
    assert client.text.endswith("Message: It is lost")


def test_summary(provider):
    client = provider("A parcel is lost.")
    assert templates.summary("It is lost") == "A parcel is lost."
    assert client.sent[0][0][0]["content"].endswith("in one sentence.\n")


def test_yaml(provider):
    client = provider("rail", "yes")
    assert templates.route("Heavy") == "rail"
    assert client.text.endswith("Message: Heavy\n")
    assert templates.urgent("Now!") is True


def test_toml(provider):
    client = provider("dutch")
    assert templates.language("Waar is het?") == "dutch"
    assert client.text.endswith("Message: Waar is het?\n")


def test_escalate(provider):
    client = provider("manager")
    assert templates.escalate("I sue") == "manager"
    assert client.sent[0][1] == {"temperature": 0, "max_tokens": 5}


def test_extract(provider):
    client = provider('{"parcel": "P12", "damaged": true}')
    assert extract.extract("P12 is torn")["parcel"] == "P12"
    assert client.sent[0][1]["temperature"] == 0


def test_agent(provider):
    call = {"name": "track", "arguments": json.dumps({"parcel": "P11"})}
    client = provider(
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "a", "type": "function", "function": call}],
        },
        "In Bremen.",
    )
    assert agent.where_is("Where is P11?") == "In Bremen."
    assert client.text == "Bremen"


def test_compose(provider):
    client = provider("sorry; refund", "We are sorry.")
    assert compose.compose("It is lost") == "We are sorry."
    assert client.text.endswith("Points: sorry; refund")


def test_greeting(provider):
    client = provider("formal")
    assert registry.greeting("Dr. Abel") == "formal"
    assert client.text.endswith("Customer: Dr. Abel\n")


def test_no_provider():
    with pytest.raises(llm.NoProvider):
        llm.ask("?", provider="nobody")


def test_cli():
    done = subprocess.run(
        [sys.executable, "-m", "parcel.cli", "It came damaged"],
        env={"PYTHONPATH": "src", "PARCEL_PROVIDER": "canned"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "yes\n"
