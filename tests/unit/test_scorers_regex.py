from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import regex
from pytest_promptopt.scorers.regex import repeats_a_repeat

LAW = settings(max_examples=80, deadline=None, database=None)


def score(expected: Any, text: str, pattern: str | None = None) -> Score:
    case = Case(id="a", inputs={}, expected=expected, place="c.jsonl:3")
    return regex(pattern)(case, Completion(text=text))


def test_the_pattern_may_match_anywhere() -> None:
    assert score(r"\bA-\d{3}\b", "Your order A-123 is on its way").value == 1.0
    assert score(r"\AA-\d{3}\Z", "  A-123\n").value == 1.0
    assert score(r"\AA-\d{3}\Z", "order A-123") == Score(
        value=0.0,
        reason="expected a match of '\\\\AA-\\\\d{3}\\\\Z', got 'order A-123'",
    )


def test_a_given_pattern_needs_no_expected_answer() -> None:
    case = Case(id="a", inputs={}, has_expected=False)

    assert regex("(?i)yes")(case, Completion(text="YES")).value == 1.0


def test_a_given_pattern_that_does_not_compile_is_refused_at_once() -> None:
    with pytest.raises(ScorerError) as caught:
        regex("(a")

    assert str(caught.value) == (
        "regex: '(a' does not compile: missing ), unterminated subpattern at position 0"
        "\n"
        "  hint: correct the pattern; a literal bracket, dot or star needs a backslash"
    )


def test_a_cases_pattern_that_does_not_compile_names_the_case() -> None:
    with pytest.raises(ScorerError) as caught:
        score("[", "x")

    assert caught.value.problem == (
        "c.jsonl:3: case 'a': scorer 'regex' cannot use its pattern: regex: '[' does "
        "not compile: unterminated character set at position 0"
    )


@pytest.mark.parametrize("expected", ["", 5, None, ["a"]])
def test_an_expected_answer_that_is_no_pattern_is_refused(expected: Any) -> None:
    with pytest.raises(ScorerError, match=r"^c\.jsonl:3: .* needs a pattern, got "):
        score(expected, "x")


def test_an_endless_pattern_is_refused_in_a_case_and_trusted_in_a_test() -> None:
    with pytest.raises(ScorerError) as caught:
        score(r"(a+)+$", "a" * 40 + "b")

    assert caught.value.hint == (
        "rewrite it without a repeat in a repeated group, or pass the pattern in the "
        "test as regex(pattern)"
    )
    assert score("", "a,b,", pattern=r"\A(\w+,)+\Z").value == 1.0


@pytest.mark.parametrize(
    ("pattern", "nested"),
    [
        ("(a+)+", True),
        ("(a*)*b", True),
        ("(?:x|(a+))*", True),
        ("((a+))+", True),
        ("(a{2,}){3,}", True),
        (r"(\w+\s?)+", True),
        ("(a+)", False),
        ("(a+)?", False),
        ("(a)+b+", False),
        ("[(a+)]+", False),
        (r"\(a+\)+", False),
        ("(a{3})+", False),
        ("(?:ab)+c*", False),
        ("(a+)(b)+", False),
        ("a)+", False),
    ],
)
def test_repeats_of_repeats_are_seen(pattern: str, nested: bool) -> None:  # noqa: FBT001
    assert repeats_a_repeat(pattern) is nested


@LAW
@given(st.text(alphabet="ab()[]{}*+?|\\^$.,1", max_size=20), st.text(max_size=12))
def test_any_pattern_and_any_reply_get_a_score_or_a_scorer_error(
    pattern: str, text: str
) -> None:
    try:
        value = score(pattern, text).value
    except ScorerError as error:
        assert error.hint  # noqa: PT017 - either outcome is legal
    else:
        assert value in {0.0, 1.0}


def test_a_warning_about_a_pattern_is_a_scorer_error_where_warnings_are_errors() -> (
    None
):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ScorerError, match="does not compile: Possible nested set"):
            regex("[[ax]")
