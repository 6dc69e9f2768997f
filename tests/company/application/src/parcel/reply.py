"""The tone a customer is answered in."""

from parcel.llm import chat

CLASSIFY_TONE = [
    {
        "role": "system",
        "content": """You say which tone fits.
Tones: apologetic, neutral, cheerful.""",
    },
    {"role": "user", "content": "{message}"},
]


def tone(message):
    messages = [
        {**entry, "content": entry["content"].format(message=message)}
        for entry in CLASSIFY_TONE
    ]
    return chat(messages)["content"].strip()
