"""Which team gets a message."""

from parcel.llm import ask

# Reviewed by the desk every quarter.  Ask Ines before you change the teams!
TRIAGE = (
    "Which team is this message for: "
    'billing, depot, courier or "other"?\n'
    "\n"
    "Message: {message}\n"  # the customer's words, nothing else
    "Team:"
)


def triage(message):
    return ask(TRIAGE.format(message=message), temperature=0).strip().lower()
