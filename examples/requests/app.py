import json

TRIAGE = "Which queue does the ticket belong to?\nTicket: {ticket}"

TRIAGE_REQUEST = {
    "temperature": 0,
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "triage",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"label": {"enum": ["billing", "shipping"]}},
                "required": ["label"],
                "additionalProperties": False,
            },
        },
    },
}

REFUND = "Refund the order if the customer got it broken.\nMail: {mail}"

REFUND_REQUEST = {
    "temperature": 0,
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "refund",
                "description": "Pay the price of an order back.",
                "parameters": {
                    "type": "object",
                    "properties": {"order": {"type": "string"}},
                    "required": ["order"],
                },
            },
        }
    ],
}


def triage(client, ticket):
    text = TRIAGE.format(ticket=ticket)
    completion = client.create(messages=[user(text)], **TRIAGE_REQUEST)
    return json.loads(completion.choices[0].message.content)["label"]


def tool_calls(client, mail):
    text = REFUND.format(mail=mail)
    completion = client.create(messages=[user(text)], **REFUND_REQUEST)
    return completion.choices[0].message.tool_calls


def user(text):
    return {"role": "user", "content": text}
