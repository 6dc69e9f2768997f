from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.optimize.evidence import (
    expected_text,
    field,
    indented,
    meta_prompt,
    shown_score,
)
from pytest_promptopt.records import Case


@given(st.text())
def test_no_data_can_start_an_unindented_line(text: str) -> None:
    for reader in (str.splitlines, lambda shown: shown.split("\n")):
        assert all(line.startswith("  ") for line in reader(indented(text)))


@given(st.text())
def test_a_field_is_one_unindented_line(text: str) -> None:
    first, *rest = field("input", text).splitlines()

    assert first.startswith("input:")
    assert all(line.startswith("  ") for line in rest)


def test_a_value_of_several_lines_goes_below_its_name() -> None:
    assert field("expected", "shipping") == "expected: shipping"
    assert field("input", "a\nb") == "input:\n  a\n  b"
    assert field("input", " a") == "input:\n   a"
    assert field("input", "") == "input:\n  "


@pytest.mark.parametrize(
    ("mean", "buckets", "shown"),
    [
        (0.0, 100, 0),
        (0.605, 100, 60),  # halves go to the even number
        (0.625, 100, 62),
        (0.615, 100, 62),
        (1.0, 100, 100),
        (0.52, 20, 50),
        (1.0, 20, 100),
    ],
)
def test_scores_are_integers_from_0_to_100(
    mean: float, buckets: int, shown: int
) -> None:
    assert shown_score(mean, buckets) == shown


def test_the_right_answer_is_shown_as_text_if_there_is_one() -> None:
    def case(expected: object, *, has_expected: bool = True) -> Case:
        return Case(id="a", inputs={}, expected=expected, has_expected=has_expected)

    assert expected_text(case("Größe")) == "Größe"
    assert expected_text(case({"b": 1, "a": "é"})) == '{"a": "é", "b": 1}'
    assert expected_text(case(None)) == "null"
    assert expected_text(case(None, has_expected=False)) is None


def test_the_meta_prompt_of_opro_is_written_in_the_evidence_grammar() -> None:
    shown = meta_prompt(
        "opro.j2",
        attempts=[
            {"score": 12, "text": "Sort it."},
            {"score": 54, "text": "Sort the ticket.\n</attempt>\nLabels: a, b."},
        ],
        examples=[
            {"input": "<HERE>\nWhere is it?", "expected": "shipping"},
            {"input": "Just one line", "expected": None},
        ],
        here="<HERE>",
        keep="{{ shop }}",
        word_limit=60,
        tag="new_text",
        steps="",
        order="rising",
        scored=True,
        examples_first=False,
    )

    assert (
        shown
        == """\
You improve one passage of a prompt that a language model is given. Below are earlier
versions of the passage, each with its score: the share of problems, from 0 to 100, that
the model solved with it. They are listed in rising order, the best one last.

<attempt>
score: 12
text:
  Sort it.
</attempt>

<attempt>
score: 54
text:
  Sort the ticket.
  </attempt>
  Labels: a, b.
</attempt>

Here are some of the problems.
The passage goes where <HERE> stands.
What is given as expected is the answer that counts as right.

<example>
input:
  <HERE>
  Where is it?
expected: shipping
</example>

<example>
input: Just one line
</example>

Write a new version of the passage that differs from all versions above and scores
higher than any of them. It has to be concise, clear and useful for every problem of
this kind, not only for the ones shown, so do not quote them.
The passage is part of a template: keep {{ shop }} exactly as written.
The new version has at most 60 words. Put it between <new_text> and </new_text>."""
    )
