import json
import re

from pytest_promptopt import Completion
from pytest_promptopt.testing import ScriptedModel


def answer(request):
    """Play a model that looks orders up, if the prompt says so and it has the tool."""
    rules, question, *later = request.messages
    found = [message.content for message in later if message.role == "tool"]
    orders = re.findall(r"[A-Z]-\d+", question.content)
    if found or "Look every order up" not in rules.content:
        return f"It is {' and '.join(found) or 'on its way'}."
    (tool,) = [entry["function"]["name"] for entry in request.settings["tools"]]
    calls = [{"name": tool, "arguments": json.dumps({"number": o})} for o in orders]
    return Completion(text="", finish_reason="tool_calls", tool_calls=tuple(calls))


def pytest_promptopt_model(config, name, role):
    return ScriptedModel(answer) if name == "play:orders" else None
