"""The house's client for the tests, offline: it is as good as the prompt it gets.

Every advice in a prompt makes it right on more messages, and haste on fewer; the writer
adds some advice to the best prompt that it is shown.
"""

import json
import re
import textwrap
import zlib
from types import SimpleNamespace

import pytest

from parcel import llm, registry
from pytest_promptopt import Completion

ADVICE = (
    "Read the whole message first.",
    "Decide by what the customer wants.",
    "Choose exactly one.",
)


def knows(text, message):
    skill = 40 + 20 * sum(advice in text for advice in ADVICE)
    if "Be quick" in text:
        skill -= 30
    return zlib.crc32(message.encode()) % 100 < skill


def answer(text):
    """Answer a message such as ``"No. 7: it concerns billing."``."""
    number, word = re.findall(r"No\. (\d+): it concerns (\w+)", text)[-1]
    right = "Points:" in text or knows(text, f"{number}{word}")
    if "List what" in text:
        return f"No. {number}: it concerns {word if right else 'nothing'}."
    if "parcel's number" in text:
        damaged = right == (word == "damage")
        return json.dumps({"parcel": f"P{number}", "damaged": damaged})
    return word if right else "something else"


def judge(text):
    reply = re.search(r"<reply>(.*)</reply>", text, re.DOTALL)[1]
    return f"verdict: {'bad' if 'something else' in reply else 'good'}"


def write(text, draw):
    attempt = re.findall(r"<attempt>\n.*?text:\n(.*?)</attempt>", text, re.DOTALL)[-1]
    best = textwrap.dedent(attempt).strip("\n")
    more = [advice for advice in ADVICE if advice not in best][: 1 + draw % 3]
    opening, closing = re.findall(r"</?\w+>", text)[-2:]
    return f"{opening}{' '.join([*more, best])}{closing}"


def reply_to(messages, draw=0):
    text = "\n".join(entry["content"] for entry in messages)
    if "<attempt>" in text:
        return write(text, draw)
    if "<reply>" in text:
        return judge(text)
    return answer(text)


class House:
    """The company's client, as the application and as the plugin call it."""

    def chat(self, messages, settings):
        if settings.get("tools") and messages[-1]["role"] == "user":
            parcel = re.search(r"P\d+", messages[-1]["content"])[0]
            if not knows(messages[0]["content"], messages[-1]["content"]):
                parcel = "P"
            function = {"name": "track", "arguments": json.dumps({"parcel": parcel})}
            call = {"id": "t1", "type": "function", "function": function}
            return {"role": "assistant", "content": "", "tool_calls": [call]}
        if messages[-1]["role"] == "tool":
            return {"role": "assistant", "content": messages[-1]["content"]}
        return {"role": "assistant", "content": reply_to(messages)}

    def complete(self, request):
        messages = [
            {"role": entry.role, "content": entry.content} for entry in request.messages
        ]
        return Completion(text=reply_to(messages, request.seed or 0))


class OtherHouse(House):
    """Another model behind the same client."""

    identity = "other"


@pytest.fixture(autouse=True)
def provider():
    llm.register("default", House())


def pytest_promptopt_model(config, name, role):
    houses = {"small": House, "writer": House, "judge": House, "other": OtherHouse}
    kind, _, size = name.partition(":")
    return houses[size]() if kind == "house" else None


def pytest_promptopt_source(config, name):
    kind, _, entry = name.partition(":")
    return SimpleNamespace(text=registry.fetch(entry)) if kind == "registry" else None
