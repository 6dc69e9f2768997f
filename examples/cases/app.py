THINGS = {"billing": "refund", "shipping": "parcel"}


def closed_tickets():
    """Yield the tickets of the last years, as the support desk closed them."""
    for number in range(100):
        for queue, thing in THINGS.items():
            text = f"Where is my {thing}? I asked {number} times."
            yield {"number": f"{queue}-{number}", "text": text, "queue": queue}
