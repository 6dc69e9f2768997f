"""Prompts are told from the other texts of a repository."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.starting.naming import name_of
from pytest_promptopt.starting.python_bytes import may_hold_prompts
from pytest_promptopt.starting.python_spots import python_spots
from pytest_promptopt.starting.signs import (
    foreign_field,
    in_prompt_folder,
    is_prompt_name,
    is_prompt_path,
    likeness,
)


@pytest.mark.parametrize(
    "text",
    [
        "Sort the ticket into billing or shipping: {ticket}",
        "{% if mail %}Answer this mail of a customer.{% endif %}",
        "You are a careful editor who keeps it short.",
    ],
)
def test_a_text_that_asks_for_something_is_a_prompt(text: str) -> None:
    assert likeness(text, named=False) == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "Could not open the file {path} because of {reason}",
        "Dear {{ name }}, your order is on its way.",
    ],
)
def test_a_text_with_nothing_but_a_placeholder_is_perhaps_one(text: str) -> None:
    assert likeness(text, named=False) == "perhaps"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpt-5-mini",
        "{name}: {value}",
        "This module holds the settings of the shop.",
        "SELECT a, b, c FROM orders WHERE id = {order} AND name = {name}",
        "  <html><body>Answer the question of {{ name }} in the form below</body>",
        "usage: {prog} FILE, answer with the options that you want to have",
        "https://shop.example/answer/{language}/write/the/reply/to/customers",
        "#!/bin/sh\necho answer with {name} and write the file to the disk",
    ],
)
def test_other_texts_are_no_prompts(text: str) -> None:
    assert likeness(text, named=False) == "no"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sort this short ticket", "yes"),
        ("Question: {question}", "yes"),
        ("{{ question }}", "yes"),
        ("翻译成英文,语气要友好", "yes"),
        ("{name}> ", "no"),
        ("gpt-5-mini", "no"),
        ("Really delete?", "no"),
    ],
)
def test_a_text_that_is_called_prompt_needs_less(text: str, found: str) -> None:
    assert likeness(text, named=True) == found


def test_names_are_read_word_by_word() -> None:
    assert all(map(is_prompt_name, ["TRIAGE_PROMPT", "systemPrompt", "INSTRUCTIONS"]))
    assert not any(map(is_prompt_name, ["promptly", "ECOSYSTEM", "MESSAGE"]))
    assert is_prompt_path("app/prompts.py")
    assert not is_prompt_path("app/promptness.py")
    assert in_prompt_folder("llm_prompts/a/b.md")
    assert not in_prompt_folder("docs/prompts.md")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Sort ${ticket}", "${ticket}"),
        ("Sort %s now", "%s"),
        ("Sort %(ticket)s", "%(ticket)s"),
        ("Sort {ticket}", None),
        ("Sort {{ ticket }} for ${price}", None),
        ("Give 100%sure answers to {ticket}", None),
        ("Sort at 100%%s", None),
    ],
)
def test_fields_of_other_syntaxes_are_seen(text: str, written: str | None) -> None:
    found = foreign_field(text)

    assert (found and found[0]) == written


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("prompts/triage.j2", "triage"),
        ("prompts/order_system.j2", "order"),
        ("triage.prompt.yml", "triage"),
        ("shop.prompts:TRIAGE_PROMPT", "triage"),
        ("shop.prompts:Texts.replyTone", "reply_tone"),
        ("shop.prompts:PROMPTS[date]", "date"),
        ("shop.prompts:PARTS[2]", "parts_2"),
        ("shop.prompts:SYSTEM_PROMPT", "shop"),
        ("prompts.yaml:triage.text", "triage"),
        ("config/llm.yaml:default.messages[0].content", "default_0"),
        ("prompts.yaml:[a b].text", "a_b"),
        ("prompt.txt", "prompt"),
        ("prompts/2.txt", "prompt_2"),
        ("prompts/größe.md", "gr_öß_e"),
    ],
)
def test_a_prompt_is_named_after_what_its_place_says(key: str, name: str) -> None:
    assert name_of(key) == name


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert name_of("triage.j2", ["triage", "triage_2"]) == "triage_3"


KEYS = st.text(st.sampled_from("aZé_0.:/[]- "), max_size=12)


@given(key=KEYS)
def test_every_name_fits_a_function(key: str) -> None:
    assert f"test_{name_of(key)}".isidentifier()


NAMES = st.sampled_from(["TRIAGE", "triage", "X_PROMPT", "MESSAGES", "PROMPTS"])
TEXTS = st.sampled_from(
    [
        '"Sort the ticket into one of these: {ticket}"',
        '"""\nAnswer the question of the customer.\n{{ question }}\n"""',
        '(\n    "Sort the ticket "  # one\n    "into one of two: {ticket}"\n)',
        'dedent("""\n    Answer the question.\n    Be brief: {{ question }}\n    """)',
        '{"a": "Sort the ticket into one of these: {ticket}"}',
        '[{"role": "user", "content": "Answer the question: {question}"}]',
        '"You are the assistant of a shop for lamps."',
        'r"Write a reply to the mail of a customer: {{ mail }}"',
        'f"Write a reply to the mail of a customer: {mail}"',
    ]
)
SHAPES = st.sampled_from(
    ["{} = {}\n", "{}: str = {}\n", "class Texts:\n    {} = {}\n", "\tx = 1\n{} = {}\n"]
)


@settings(max_examples=60)
@given(name=NAMES, text=TEXTS, shape=SHAPES, newline=st.sampled_from(["\n", "\r\n"]))
def test_what_parsing_finds_is_worth_parsing(
    name: str, text: str, shape: str, newline: str
) -> None:
    if shape.startswith("class"):
        name = name.upper()
    statement = shape.replace("{}", name, 1).replace("{}", text, 1)
    source = f"from textwrap import dedent\n{statement}"
    data = source.replace("\n", newline).encode()

    spots = list(python_spots("app/texts.py", data, "app.texts"))

    assert not spots or may_hold_prompts("app/texts.py", data)
    assert spots or shape.startswith("\t")
