import json
from pathlib import Path

import jinja2

PROMPTS = Path(__file__).with_name("prompts")

env = jinja2.Environment(trim_blocks=True, loader=jinja2.FileSystemLoader(PROMPTS))
env.filters["one_line"] = lambda text: " ".join(text.split())

ORDER = """Reply with JSON only, in this form: {{"order": "AB-1234"}}
- order: the order number, two letters, a dash and four digits
Mail: {mail}
"""
DUE = "Mail: {mail}"


def triage(ask, ticket, vip):
    return ask(env.get_template("triage.j2").render(ticket=ticket, vip=vip))


def order_of(ask, mail):
    return json.loads(ask(ORDER.format(mail=mail)))["order"]


def due_date(ask, mail):
    rules = (PROMPTS / "due.txt").read_text("utf-8")
    return json.loads(ask(DUE.format(mail=mail), system=rules))["due"]
