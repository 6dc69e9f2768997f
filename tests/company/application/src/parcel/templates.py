"""Prompts that are files: Jinja, Markdown, YAML, TOML, .prompt.yml."""

import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import yaml

from parcel.llm import FOLDER, ask, chat, env


def refund(message, cents):
    text = env.get_template("refund.j2").render(message=message, cents=cents)
    return ask(text).strip()


def summary(message):
    system = (FOLDER / "summary.md").read_text(encoding="utf-8")
    user = (FOLDER / "summary_user.txt").read_text(encoding="utf-8")
    return chat(
        [
            {"role": "system", "content": system},
            {"role": "user", "content": user.format(message=message)},
        ]
    )["content"]


def _yaml(name):
    with open(FOLDER / "desk.yaml", encoding="utf-8") as file:
        return yaml.safe_load(file)["prompts"][name]


def route(message):
    return ask(_yaml("route")["text"].format(message=message)).strip()


def urgent(message):
    return ask(_yaml("urgent").format(message=message)).strip() == "yes"


def language(message):
    with open(FOLDER / "small.toml", "rb") as file:
        text = tomllib.load(file)["language"]["text"]
    return ask(text.format(message=message)).strip()


def escalate(message):
    with open(FOLDER / "escalate.prompt.yml", encoding="utf-8") as file:
        prompt = yaml.safe_load(file)
    messages = [
        {**entry, "content": entry["content"].replace("{{message}}", message)}
        for entry in prompt["messages"]
    ]
    return chat(messages, **prompt["modelParameters"])["content"].strip()
