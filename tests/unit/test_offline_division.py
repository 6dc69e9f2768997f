"""A prompt is taken apart wherever its input stands and however it is set off."""

from __future__ import annotations

import pytest

from pytest_promptopt.models.offline.division import divide
from pytest_promptopt.records import Message

LABELS = "Sort the note into one of: fruit, tool, animal. Only the label, nothing else."
LISTED = (
    "Sort the note.\nLabels:\n- fruit: apples, pears\n- tool: hammers\n"
    "Answer with the label only."
)
NOTE = "The saw is rusty.\nIt hangs in the shed."


def user(text: str) -> tuple[Message, ...]:
    return (Message(role="user", content=text),)


@pytest.mark.parametrize("instructions", [LABELS, LISTED])
@pytest.mark.parametrize(
    "layout",
    [
        "{0}\n\n{1}",
        "{0}\n{1}",
        "{1}\n\n{0}",
        "{0}\n\nNote: {1}",
        "{0}\n\nText:\n{1}",
        "{0}\n\nMessage: {1}\nLabel:",
        '{0}\n"""\n{1}\n"""',
        "{0}\n```\n{1}\n```",
        "{0}\n---\n{1}\n---",
        "{0}\n<note>\n{1}\n</note>",
        "<note>\n{1}\n</note>\n{0}",
        "Here is a note:\n\n{1}\n\n{0}",
        "# Task\n{0}\n\n## Note\n{1}",
    ],
)
def test_the_input_is_found(instructions: str, layout: str) -> None:
    division = divide(user(layout.format(instructions, NOTE)))

    assert division.subject == NOTE
    assert "rusty" not in division.instructions
    assert "fruit" in division.instructions
    assert "nly" in division.instructions


def test_a_system_message_instructs_and_the_user_message_is_the_input() -> None:
    chat = (Message(role="system", content=LABELS), Message(role="user", content=NOTE))

    division = divide(chat)

    assert (division.instructions, division.subject) == (LABELS, NOTE)


def test_a_letter_stays_whole_below_a_system_message() -> None:
    letter = "From: a@b.example\nSubject: Saw\n\nPlease sort it out.\n\nAnn"
    chat = (
        Message(role="system", content=LISTED),
        Message(role="user", content=letter),
    )

    assert divide(chat).subject == letter


def test_a_demand_below_the_input_of_a_chat_belongs_to_the_instructions() -> None:
    chat = (
        Message(role="system", content="Possible labels: fruit, tool."),
        Message(role="user", content=f"Note: {NOTE}\n\nReply with only the label."),
    )

    division = divide(chat)

    assert division.subject == NOTE
    assert "Reply with only the label." in division.instructions


def test_answered_turns_are_examples() -> None:
    chat = (
        Message(role="system", content=LABELS),
        Message(role="user", content="A ripe pear"),
        Message(role="assistant", content="fruit"),
        Message(role="user", content=NOTE),
    )

    assert divide(chat).shots == (("A ripe pear", "fruit"),)


def test_a_final_cue_is_no_input() -> None:
    division = divide(user(f"{LABELS}\n\nNote: {NOTE}\nLabel:"))

    assert division.completion_cue


def test_an_input_that_sounds_like_a_label_is_an_input() -> None:
    division = divide(user(f"{LISTED}\n\nReturn label missing"))

    assert division.subject == "Return label missing"


def test_a_prompt_of_one_line_is_split_at_its_question() -> None:
    division = divide(user("Is the review positive or negative? I liked the horse."))

    assert division.subject == "I liked the horse."
