"""The prompts of the desk, each on messages with known answers."""

import subprocess
import sys

import pytest

from parcel import agent, compose, triage
from pytest_promptopt.scorers import judge

PROMPTS = "src/parcel/prompts"


def cases(*answers, **inputs):
    """Return fifty-two messages, the answers in turn."""

    def made():
        for number in range(52):
            word = answers[number % len(answers)]
            message = f"No. {number}: it concerns {word}."
            yield {"id": f"m{number}", "message": message, "expected": word, **inputs}

    return made


@pytest.mark.prompt(
    "parcel.triage:TRIAGE",
    syntax="format",
    cases=cases("billing", "depot", "courier", "other"),
    deliver="attribute",
)
def test_triage(case):
    assert triage.triage(case["message"]) == case.expected


@pytest.mark.prompt(
    "parcel.reply:CLASSIFY_TONE",
    syntax="format",
    cases=cases("apologetic", "neutral", "cheerful"),
    scorer="choice",
)
def test_tone():
    pass


@pytest.mark.prompt(f"{PROMPTS}/refund.j2", cases=cases("yes", "no", cents=1250))
def test_refund(case, output):
    assert output == case.expected


@pytest.mark.prompt(
    system=f"{PROMPTS}/summary.md",
    user=f"{PROMPTS}/summary_user.txt",
    syntax={"system": "literal", "user": "format"},
    cases=cases("damage", "delay"),
    scorer=judge(
        "prompt_tests/rubrics/summary.j2",
        model="house:judge",
        second="house:other",
        verdicts=("bad", "good"),
    ),
)
def test_summary():
    pass


@pytest.mark.prompt(
    f"{PROMPTS}/desk.yaml:prompts.route.text",
    syntax="format",
    cases=cases("road", "rail", "air"),
    scorer="exact",
)
def test_route():
    pass


@pytest.mark.prompt(
    f"{PROMPTS}/desk.yaml:prompts.urgent",
    syntax="format",
    cases=cases("yes", "no"),
    scorer="exact",
)
def test_urgent():
    pass


@pytest.mark.prompt(
    f"{PROMPTS}/small.toml:language.text",
    syntax="format",
    cases=cases("german", "french", "dutch"),
    scorer="exact",
)
def test_language():
    pass


@pytest.mark.prompt(
    f"{PROMPTS}/escalate.prompt.yml", cases=cases("manager", "desk"), scorer="exact"
)
def test_escalate():
    pass


@pytest.mark.prompt(
    f"{PROMPTS}/extract.j2",
    cases=cases("damage", "delay"),
    request="parcel.llm:EXTRACT",
)
def test_extract(case, completion):
    assert completion.json["damaged"] is (case.expected == "damage")


def parcels():
    """Return fifty-two questions about parcels."""
    for number in range(52):
        depot = str(number % 3)
        message = f"Where is P{number}{depot}, please?"
        yield {"message": message, "expected": agent.DEPOTS[depot]}


@pytest.mark.prompt("parcel.agent:PROMPTS[agent]", cases=parcels, deliver="attribute")
def test_agent(case):
    assert agent.where_is(case["message"]) == case.expected


@pytest.mark.prompt(
    {"plan": "parcel.compose:PLAN", "write": "parcel.compose:WRITE"},
    syntax="format",
    cases=cases("billing", "depot"),
    deliver="attribute",
)
def test_compose(case, prompt):
    steps = iter(["plan", "write"])

    def ask(text):
        return prompt[next(steps)].send([{"role": "user", "content": text}]).text

    assert compose.compose(case["message"], ask=ask) == case.expected


@pytest.mark.prompt(
    "registry:greeting",
    cases=lambda: [
        {"name": case["message"], "expected": case["expected"]}
        for case in cases("formal", "friendly")()
    ],
    scorer="exact",
)
def test_greeting():
    pass


@pytest.mark.prompt(
    f"{PROMPTS}/refund.j2",
    cases=[
        {"message": "It came damaged", "cents": 1250, "expected": "yes"},
        {"message": "It is fine", "cents": 1250, "expected": "no"},
    ],
    deliver="file",
)
def test_night_shift(case, prompt):
    done = subprocess.run(
        [sys.executable, "-m", "parcel.cli", case["message"]],
        cwd=prompt.tree,
        env={**prompt.env, "PARCEL_PROVIDER": "canned"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == case.expected
