"""The stand-in scores prompts as its rules say: better told, better done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.models.offline import OfflineModel
from pytest_promptopt.records import Message, Request

LISTED = "Sort the note into one of: fruit, tool, animal."
ONLY = "Reply with only the label."
TOLD = (
    "Sort the note.\nLabels:\n- fruit: apple, pear, sweet, ripe\n"
    "- tool: hammer, saw, rusty, nail\n- animal: dog, barks, fur, feathers\n"
    "Reply with only the label."
)
NOTES = {
    "The apple was sweet": "fruit",
    "A ripe pear fell": "fruit",
    "My saw is rusty": "tool",
    "Hit the nail with it": "tool",
    "It barks all night": "animal",
    "Soft fur and feathers": "animal",
}


def ask(text: str, seed: int | None = None, slip: float = 0.0) -> str:
    request = Request(messages=(Message(role="user", content=text),), seed=seed)
    return OfflineModel(slip=slip).reply(request).text


def right(instructions: str) -> int:
    return sum(ask(f"{instructions}\n\n{note}") == name for note, name in NOTES.items())


def test_descriptions_beat_a_bare_list() -> None:
    assert right(TOLD) == 6
    assert right(f"{LISTED} {ONLY}") < 5


def test_without_a_demand_the_answer_comes_in_a_sentence() -> None:
    reply = ask(f"{TOLD.removesuffix(ONLY)}\n\nMy saw is rusty")

    assert "tool" in reply
    assert reply != "tool"
    assert not any(name in reply for name in ("fruit", "animal"))


def test_without_the_list_no_answer_is_right() -> None:
    assert right(f"Sort the note. {ONLY}") == 0


def test_answers_come_as_they_are_demanded() -> None:
    saw = "\n\nNote: My saw is rusty"
    told = TOLD.removesuffix(ONLY)

    assert ask(f"{told}End with 'Answer: <label>'.{saw}").endswith("\nAnswer: tool")
    assert ask(f"{told}Put it between <a> and </a>.{saw}") == "<a>tool</a>"
    assert ask(f"{TOLD} Use upper case.{saw}") == "TOOL"


def test_an_answer_for_the_rest_takes_what_fits_nowhere() -> None:
    told = f"Labels:\n- tool: hammer\n- misc: anything else\n{ONLY}"

    assert ask(f"{told}\n\nUnheard-of quokka") == "misc"


def test_a_question_is_yes_if_the_input_speaks_of_it() -> None:
    question = "Does the writer mention a hammer? Answer with only yes or no."

    assert ask(f"{question}\n\nText: Two hammers, please") == "yes"
    assert ask(f"{question}\n\nText: Two pears, please") == "no"


def test_examples_teach() -> None:
    shots = (
        "Input: my quokka is ill\nLabel: animal\n\nInput: a bent wrench\nLabel: tool\n"
    )

    assert ask(f"{shots}\nInput: the quokka sleeps\nLabel:") == "animal"


def test_a_prompt_that_asks_nothing_known_is_not_judged() -> None:
    assert "cannot judge this kind of prompt" in ask("Write a poem about the sea.")


def test_numbers_are_added_up() -> None:
    question = "How many things are there? Reply with only the number."

    assert ask(f"{question}\n\nI have a pear, two saws and three dogs.") == "6"


def test_long_instructions_are_overlooked_in_part() -> None:
    padding = "\n".join(f"The weather on day {day} was mild." for day in range(120))

    assert right(f"{padding}\n{TOLD}") < right(TOLD)


def test_rules_piled_up_lead_astray() -> None:
    rules = "\n".join(f"Always weigh word {day}. Never guess." for day in range(12))
    told = f"{TOLD}\n{rules}\n{ONLY}"

    assert right(told) < right(TOLD)


@given(st.integers(0, 10**9), st.sampled_from(sorted(NOTES)))
def test_without_slip_the_seed_does_not_matter(seed: int, note: str) -> None:
    assert ask(f"{TOLD}\n\n{note}", seed) == ask(f"{TOLD}\n\n{note}")


def test_the_slip_rate_is_the_share_of_second_best_answers() -> None:
    prompt = f"{TOLD}\n\nMy saw is rusty"

    slipped = sum(ask(prompt, seed, slip=0.2) != "tool" for seed in range(500))

    assert 70 <= slipped <= 130


@pytest.mark.parametrize("text", ["", "\n\n", "x", "- ", "{", "Labels:", "a: b\nc: d"])
def test_odd_prompts_are_answered(text: str) -> None:
    assert ask(text)


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    assert ask(text)
    assert ask(f"{TOLD}\n\n{text}")
    assert ask(f"Return JSON with the keys id, name and total.\n\n{text}")
