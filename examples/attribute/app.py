"""The shop's help desk, with its prompt in a constant and a client of its own."""

from client import complete
from prompts import TRIAGE


def triage(ticket):
    return complete(TRIAGE.format(ticket=ticket)).strip().lower()
