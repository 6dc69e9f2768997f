"""The prompts of the shop."""

TRIAGE = """\
Sort the ticket into billing or shipping, or say other.
Reply with the label only.
Ticket: {ticket}"""
