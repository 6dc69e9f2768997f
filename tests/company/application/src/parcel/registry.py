"""Prompts that the marketing team edits in its own tool."""

import json
from pathlib import Path

from parcel.llm import ask

STORE = Path(__file__).with_name("registry.json")


def fetch(name):
    return json.loads(STORE.read_text(encoding="utf-8"))[name]["text"]


def greeting(name):
    return ask(fetch("greeting").replace("{{ name }}", name))
