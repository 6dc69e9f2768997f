"""Facts out of a message, as JSON."""

import json

from parcel.llm import EXTRACT, ask, env


def extract(message):
    text = env.get_template("extract.j2").render(message=message)
    return json.loads(ask(text, **EXTRACT))
