from pathlib import Path

import tomlkit

TEXTS = tomlkit.parse(Path(__file__).with_name("prompts.toml").read_text("utf-8"))


def triage(chat, ticket):
    return chat(TEXTS["triage"]["text"].format(ticket=ticket))


def tone(chat, mail):
    system, user = TEXTS["tone"]["system"], TEXTS["tone"]["user"]
    return chat(user.format(mail=mail), system=system)
