"""Allowed answers, demands and burdens are read from many ways of writing them."""

from __future__ import annotations

import pytest

from pytest_promptopt.models.offline.answers import find_answers, find_options
from pytest_promptopt.models.offline.demands import find_demand
from pytest_promptopt.models.offline.instructions import read_instructions


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Sort into one of: red, dark blue, green.", ["red", "dark blue", "green"]),
        ("Labels: red_one, blue_two. Answer.", ["red_one", "blue_two"]),
        ("The categories are red, blue and green.", ["red", "blue", "green"]),
        ("Labels:\n- red: warm\n- blue: cold", ["red", "blue"]),
        ("Labels:\n- red\n- blue", ["red", "blue"]),
        ("Labels:\nred\nblue\ngreen", ["red", "blue", "green"]),
        ("Categories:\n1. **Red** - warm\n2. **Blue** - cold", ["Red", "Blue"]),
        ('Choose one:\n* "deep red" - warm\n* "blue" - cold', ["deep red", "blue"]),
        ("Rate the colour (red / blue / green).", ["red", "blue", "green"]),
        ("Is it red or blue?", ["red", "blue"]),
        ("Decide whether the wall is red or blue.", ["red", "blue"]),
        ("Answer with either red or blue.", ["red", "blue"]),
        ("Does it glow? Answer yes or no.", ["yes", "no"]),
        ("Classify as red/blue/green:", ["red", "blue", "green"]),
        ("Use `red` when it is warm; use `blue` when it is cold.", ["red", "blue"]),
        ('intents: ["red", "blue"]. Give the intent.', ["red", "blue"]),
        ("Which colour: red, blue or green?", ["red", "blue", "green"]),
        ("Choose from: red; blue; dark green.", ["red", "blue", "dark green"]),
        ("Write a poem about the sea.", []),
        ("Summarise the text in one sentence.", []),
    ],
)
def test_allowed_answers_are_found(text: str, names: list[str]) -> None:
    assert [answer.name for answer in find_answers(text)] == names


def test_rules_beside_the_list_are_no_answers() -> None:
    text = (
        "Labels:\n- red: warm\n- blue: cold, wet\n\nRules:\n- Think of the tone.\n"
        "- If unsure, take the first.\n- Never guess."
    )

    assert [answer.name for answer in find_answers(text)] == ["red", "blue"]


def test_long_descriptions_with_commas_are_no_list_of_answers() -> None:
    text = "Labels:\n- red: warm, hot, fire, sun, flame, heat\n- blue: ice, sea, sky"

    assert [answer.name for answer in find_answers(text)] == ["red", "blue"]


def test_sentences_about_one_answer_describe_it() -> None:
    text = "Labels: red, blue. Use red when the fire burns. Use blue for the sea."

    red, blue = find_answers(text)

    assert "fire burns" in " ".join(red.lines)
    assert "sea" in " ".join(blue.lines)


def test_lettered_options_are_answers() -> None:
    options = find_options("Which?\n(A) the sea\n(B) the sky")

    assert [option.name for option in options] == ["(A)", "(B)"]


@pytest.mark.parametrize(
    "text",
    [
        "Reply with only the label.",
        "Answer with the label only.",
        "Output just the category name, nothing else.",
        "One word.",
        "No explanation.",
        "Return the bare label.",
        "Give the label without any other text.",
        "Only the rating.",
        "Answer with exactly one of these labels.",
        "Do not explain your choice.",
    ],
)
def test_many_phrasings_demand_the_bare_answer(text: str) -> None:
    assert find_demand(text).only


@pytest.mark.parametrize(
    "text",
    ["Sort the note.", "Choose only one of them.", "Pick the best label."],
)
def test_other_sentences_do_not(text: str) -> None:
    assert not find_demand(text).only


def test_an_ending_a_tag_and_a_case_are_read() -> None:
    assert find_demand("End your reply with 'Answer: <label>'.").prefix == "Answer:"
    assert find_demand("Put it between <out> and </out>.").tag == "out"
    assert find_demand("Use upper case.").case == "upper"


def test_contradictions_are_counted() -> None:
    twice = (
        "Labels:\n- red: fire, sun\n- blue: sea\n- red: grass, tree\nOnly the label."
    )
    torn = "Labels: red, blue. Reply with only the label. Explain your reasoning."

    assert read_instructions(twice).conflicts == 1
    assert read_instructions(torn).conflicts == 1


def test_what_a_description_says_is_no_demand() -> None:
    told = read_instructions("Labels:\n- red: gives a reason, json\n- blue: one word")

    assert not told.demand.any
    assert not told.demand.explain
