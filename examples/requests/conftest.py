import json
import re

from pytest_promptopt import Completion
from pytest_promptopt.testing import ScriptedModel


def reply(request):
    text = request.messages[-1].content
    if "response_format" in request.settings:
        label = "billing" if "charge" in text else "shipping"
        return json.dumps({"label": label})
    order = re.search(r"[A-Z]{2}-\d{4}", text)
    if not order:
        return "There is nothing to do."
    call = {"name": "refund", "arguments": json.dumps({"order": order[0]})}
    return Completion(text="", tool_calls=(call,), finish_reason="tool_calls")


def pytest_promptopt_model(config, name, role):
    return ScriptedModel(reply) if name == "script:desk" else None
