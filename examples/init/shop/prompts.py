TRIAGE = """Sort the ticket into one of: billing, shipping, technical.
Ticket: {ticket}
"""

TONE_SYSTEM = "Say whether a mail is friendly. Answer yes or no."
TONE_USER = "{{ mail }}"


def reply(client, mail):
    prompt = f"Write a friendly reply to this mail: {mail}"
    return client.complete(prompt)
