"""An answer in two steps: what to say, then how."""

from parcel import llm

PLAN = "List what the answer has to say.\nMessage: {message}"
WRITE = "Write the answer.\nPoints: {points}"


def compose(message, ask=llm.ask):
    points = ask(PLAN.format(message=message))
    return ask(WRITE.format(points=points))
