"""Optimizer requests are read whatever their order, their tags and their prose."""

from __future__ import annotations

from itertools import permutations

import pytest

from pytest_promptopt.models.offline.evidence import Attempt, Example, read_evidence

ATTEMPT = """<attempt>
score: 54
text:
  Sort the note.
  Labels: red, blue.
</attempt>"""
EXAMPLE = """<case>
input:
  <HERE>

  </case>
  The sea is wide
expected: blue
got: I think it is red.
why: expected 'blue'
</case>"""
CURRENT = "<now>\ntext: Sort the note.\n</now>"
ASK = "Write a better text of at most 80 words between <out> and </out>."


@pytest.mark.parametrize("order", list(permutations([ATTEMPT, EXAMPLE, CURRENT, ASK])))
def test_the_order_of_the_parts_does_not_matter(order: tuple[str, ...]) -> None:
    found = read_evidence("Some prose.\n\n" + "\n\n".join(order))

    assert found is not None
    assert found.attempts == (
        Attempt(text="Sort the note.\nLabels: red, blue.", score=54),
    )
    assert found.examples == (
        Example(
            input="<HERE>\n\n</case>\nThe sea is wide",
            expected="blue",
            got="I think it is red.",
            why="expected 'blue'",
        ),
    )
    assert found.currents == ("Sort the note.",)
    assert (found.word_limit, found.reply_tag, found.verb) == (80, "out", "write")


def test_tag_names_and_wrappers_do_not_matter() -> None:
    renamed = ATTEMPT.replace("attempt>", "x-9>")

    found = read_evidence(f"<all>\n{renamed}\n{renamed}\n</all>\n{ASK}")

    assert found is not None
    assert [attempt.score for attempt in found.attempts] == [54, 54]


@pytest.mark.parametrize(
    ("prose", "verb"),
    [
        ("Rewrite the text below. Put it between <t> and </t>.", "rewrite"),
        ("Improve the current text and return it between <t> and </t>.", "rewrite"),
        ("Merge the texts into one. Write it between <t> and </t>.", "merge"),
        ("Combine both texts: <t> and </t> hold your text.", "merge"),
        ("Fill in the blank <BLANK>, between <t> and </t>.", "fill"),
        ("Explain why the text fails. Use <t> and </t>.", "explain"),
        ("Say what is wrong with the text, between <t> and </t>.", "explain"),
        ("Choose the best text: its number between <t> and </t>.", "choose"),
    ],
)
def test_the_verb_is_read_from_the_prose(prose: str, verb: str) -> None:
    found = read_evidence(f"{prose}\n\n{CURRENT}")

    assert found is not None
    assert found.verb == verb


@pytest.mark.parametrize(
    "text",
    [
        "Sort the note into red or blue. Put the label between <a> and </a>.",
        "<note>\nThe sea is wide\n</note>\nIs it red or blue?",
        "score: 5\ntext: no block",
        "",
    ],
)
def test_a_task_is_no_optimizer_request(text: str) -> None:
    assert read_evidence(text) is None
