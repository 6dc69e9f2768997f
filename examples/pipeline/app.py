"""Routes a customer's mail in two steps: a summary first, then the team."""

TEAM = (
    "Which team takes it: billing or shipping? Reply with the team only.\n{{ summary }}"
)
EXACT = {"temperature": 0, "max_tokens": 5}


def route(mail, ask):
    """Return the team; ``ask(name, **inputs)`` sends one prompt to a model."""
    summary = ask("summary", mail=mail)
    return ask("team", summary=summary).strip().lower()
