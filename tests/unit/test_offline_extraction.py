"""JSON is filled by what the prompt says of each key: better said, better filled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_promptopt.models.offline import OfflineModel
from pytest_promptopt.models.offline.keys import find_keys
from pytest_promptopt.records import Message, Request

MAIL = (
    "Dear crew,\n\nplease send three large kites, see KL-2231, for 38.50 EUR.\n"
    "Write to zoe@sky.example. It is urgent, we fly on 3 March 2026.\n\nThanks,\n"
    "Zoe Amsel"
)
TOLD = """Read the letter. Return only JSON with exactly these keys, nothing else:
- ref: two letters, dash, four digits; null if missing
- pieces: a number, how many kites
- fast: true if it is urgent, else false
- size: one of small, medium, large; null if not given
- sender: name of the person who signs
- sum: a decimal number, the amount; null if missing
- day: date as YYYY-MM-DD; null if missing
- contact: e-mail address; null if missing"""
HURRIED = "Extract ref, pieces, fast, size, sender, sum, day and contact as JSON."


def ask(instructions: str, text: str = MAIL) -> str:
    content = f"{instructions}\n\nLetter:\n{text}"
    request = Request(messages=(Message(role="user", content=content),))
    return OfflineModel(slip=0.0).reply(request).text


def test_described_keys_are_filled() -> None:
    assert json.loads(ask(TOLD)) == {
        "ref": "KL-2231",
        "pieces": 3,
        "fast": True,
        "size": "large",
        "sender": "Zoe Amsel",
        "sum": 38.5,
        "day": "2026-03-03",
        "contact": "zoe@sky.example",
    }


def test_missing_values_are_null_where_the_prompt_says_so() -> None:
    filled = json.loads(ask(TOLD, "Hi,\n\nnothing much.\n\nCheers\nBo"))

    assert [filled[key] for key in ("ref", "size", "sum", "day", "contact")] == [
        None
    ] * 5
    assert (filled["fast"], filled["sender"]) == (False, "Bo")


def test_a_hurried_prompt_does_worse_but_not_nothing() -> None:
    reply = ask(HURRIED)
    body = json.loads(reply[reply.index("{") : reply.rindex("}") + 1])
    wanted = json.loads(ask(TOLD))

    hits = sum(body[key] == wanted[key] for key in wanted)

    assert list(body) == list(wanted)
    assert 0 < hits < 6


def test_without_only_the_object_is_wrapped() -> None:
    replies = {ask(HURRIED, f"{MAIL} {number}") for number in range(12)}

    assert any(reply.startswith("```json\n") for reply in replies)
    assert any(reply.endswith("I hope this helps.") for reply in replies)


def test_a_skeleton_names_keys_and_kinds() -> None:
    skeleton = 'Only JSON: {"ref": "AB-1234", "who": {"sender": "name"}, "tags": [...]}'

    ref, who, tags = find_keys(skeleton)

    assert (ref.name, ref.description) == ("ref", "AB-1234")
    assert [child.name for child in who.children] == ["sender"]
    assert tags.many


def test_lists_of_labels_and_objects_of_slots_come_out() -> None:
    told = (
        'Return only JSON: {"moods": [...], "slots": {...}}.\n'
        "moods: a list, any of urgent, calm, angry\n"
        "slots: an object with any of date, time, sum"
    )

    filled = json.loads(ask(told, "It is urgent: 3 March at 10:30"))

    assert filled == {
        "moods": ["urgent"],
        "slots": {"date": "3 March", "time": "10:30"},
    }


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Return JSON with the keys a_id, b and c.", ["a_id", "b", "c"]),
        (
            "Reply with JSON only:\n- a_id: a number\n- b\n- c: a date",
            ["a_id", "b", "c"],
        ),
        (
            "Pull out customer name and order number as JSON.",
            ["customer_name", "order_number"],
        ),
        ("Output a JSON object {a, b}.", ["a", "b"]),
    ],
)
def test_keys_are_read(text: str, names: list[str]) -> None:
    assert [key.name for key in find_keys(text)] == names


@pytest.mark.parametrize(
    ("description", "text", "value"),
    [
        ("a code such as AB-1234", "see QX-0042, not 77", "QX-0042"),
        ("five digits", "call 0171 2345678 or 90210 now", "90210"),
        ("a whole number", "we need twelve of them", 12),
        ("a whole number, as text", "we need 12 of them", "12"),
        ("one of low, high (fire, smoke)", "there is smoke", "high"),
        ("true if a dog barks, else false", "two dogs", True),
        (
            "a list of e-mail addresses",
            "a@b.example and c@d.example",
            ["a@b.example", "c@d.example"],
        ),
    ],
)
def test_a_description_decides_how_a_value_is_found(
    description: str, text: str, value: Any
) -> None:
    told = f"Return only JSON with these keys:\n- thing: {description}\n- other: a date"

    assert json.loads(ask(told, text))["thing"] == value
