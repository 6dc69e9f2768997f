from pathlib import Path

import yaml

HERE = Path(__file__).parent


def triage(chat, ticket):
    texts = yaml.safe_load((HERE / "prompts.yaml").read_text("utf-8"))
    return chat(texts["desk"]["triage"].format(ticket=ticket))


def urgent(chat, ticket):
    file = yaml.safe_load((HERE / "urgent.prompt.yml").read_text("utf-8"))
    messages = [
        {**message, "content": message["content"].replace("{{ticket}}", ticket)}
        for message in file["messages"]
    ]
    return chat(messages, **file["modelParameters"])
