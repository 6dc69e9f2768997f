from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import includes

LAW = settings(max_examples=80, deadline=None, database=None)


def score(expected: Any, text: str, **options: bool) -> Score:
    case = Case(id="a", inputs={}, expected=expected, place="c.jsonl:3")
    return includes(**options)(case, Completion(text=text))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("refund", "Your Refund, as promised."),
        (["refund", "3 days"], "In 3\n days you get the refund."),
        ([5, "x"], "x = 5"),
        ("3 days", "Within 3 days."),
        ("(B)", "I take (B)"),
        ("50%", "50%!"),
    ],
)
def test_whole_tokens_are_found_in_any_letter_case(expected: Any, text: str) -> None:
    assert score(expected, text) == Score(value=1.0)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("valid", "That is invalid."),
        ("No", "I am not sure"),
        ("5", "-5"),
        ("35", "3.5"),
        ("5", "3.5"),
        ("5", "15 or 50 or 5.5 or 1,5 or 5%"),
        ("can", "I can't"),
    ],
)
def test_parts_of_tokens_are_not_found(expected: str, text: str) -> None:
    assert score(expected, text).value == 0.0


def test_what_is_missing_is_named() -> None:
    assert score(["a", "b", "c"], "b").reason == (
        "expected 'a', 'c' in the reply, got 'b'"
    )
    assert score(["a", "b", "c", "d", "e"], "x").reason == (
        "expected 'a', 'b', 'c' and 2 more in the reply, got 'x'"
    )


def test_letter_case_counts_if_asked_for() -> None:
    assert score("Refund", "refund", ignore_case=False).value == 0.0


@pytest.mark.parametrize("expected", [[], "", ["a", " "], {"a": 1}, [["a"]], None])
def test_nothing_to_look_for_is_refused(expected: Any) -> None:
    with pytest.raises(ScorerError, match=r"^c\.jsonl:3: case 'a': scorer 'includes' "):
        score(expected, "x")


def test_a_percent_sign_of_the_next_line_is_not_the_numbers() -> None:
    assert score(["0", "%"], "0\n%").value == 1.0
    assert score(["0"], "0 %").value == 0.0


@LAW
@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=3))
def test_a_reply_of_the_texts_themselves_includes_them(texts: list[str]) -> None:
    assert score(texts, "\n".join(texts)).value == 1.0


@LAW
@given(st.lists(st.sampled_from("abcd"), min_size=1), st.text(alphabet="abcd ,-."))
def test_asking_for_more_never_makes_a_reply_right(texts: list[str], text: str) -> None:
    if not text.strip():
        return
    assert (score(texts, text).value or 0.0) <= (score(texts[:1], text).value or 0.0)
