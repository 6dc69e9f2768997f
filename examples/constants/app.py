import json
from textwrap import dedent

TONE = "Is the mail polite? Answer yes or no, nothing else.\nMail: {mail}"

PROMPTS = {
    "triage": dedent(
        """\
        Sort the ticket into one of:
        - billing: money, invoice, charge, refund
        - shipping: parcel, delivery, address
        Reply with the label only, nothing else.
        Ticket: {{ ticket }}
        """
    ),
}


class Orders:
    """The chat that finds an order number; the last message is the customer's."""

    MESSAGES = [
        {
            "role": "system",
            "content": "Reply with JSON only, with these keys:\n"
            "- order: two letters, a dash and four digits, such as AB-1234",
        },
        {"role": "user", "content": "Mail: {{ mail }}"},
    ]


def order_of(chat, mail):
    system, user = Orders.MESSAGES
    text = user["content"].replace("{{ mail }}", mail)
    return json.loads(chat([system, {**user, "content": text}]))["order"]
