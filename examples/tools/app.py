"""The shop's assistant: it looks orders up with a tool until the model answers."""

import json

ORDERS = {"A-17": "shipped on Monday", "B-2": "waiting for payment"}
REQUEST = {
    "temperature": 0,
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "find_order",
                "description": "Return the state of an order.",
                "parameters": {
                    "type": "object",
                    "properties": {"number": {"type": "string"}},
                    "required": ["number"],
                },
            },
        }
    ],
}


def find_order(number):
    return ORDERS.get(number, "unknown")


def assist(complete, instructions, question, rounds=4):
    """Answer a question; `complete` takes messages and returns the assistant's."""
    messages = [
        {"role": "system", "content": instructions},
        {"role": "user", "content": question},
    ]
    for _ in range(rounds):
        reply = complete(messages)
        messages.append(reply)
        if not reply.get("tool_calls"):
            return reply["content"]
        for call in reply["tool_calls"]:
            result = find_order(**json.loads(call["function"]["arguments"]))
            messages.append(
                {"role": "tool", "tool_call_id": call["id"], "content": result}
            )
    return "I could not find out."
