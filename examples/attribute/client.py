"""Stands for the company's client; answers by rules, so that it needs no network."""

WORDS = {"billing": ("charge", "invoice"), "shipping": ("parcel", "delivery")}


def complete(text):
    rules, _, ticket = text.rpartition("Ticket:")
    for label, words in WORDS.items():
        if label in rules and any(word in ticket.lower() for word in words):
            return label
    return "other"
