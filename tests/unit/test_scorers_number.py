from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import number

LAW = settings(max_examples=80, deadline=None, database=None)


def score(expected: Any, text: str, **options: float) -> Score:
    case = Case(id="a", inputs={}, expected=expected, place="c.jsonl:3")
    return number(**options)(case, Completion(text=text))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (5, "5"),
        ("5", "5.0"),
        (0.1, "0.10"),
        ("$1,200", "1200 dollars"),
        ("50%", "50"),
        (1e3, "1,000"),
        ("3/4", "0.75"),
    ],
)
def test_equal_numbers_are_right_however_they_are_written(
    expected: Any, text: str
) -> None:
    assert score(expected, text) == Score(value=1.0)


@pytest.mark.parametrize(
    ("expected", "text", "got"),
    [
        (5, "-5", "-5"),
        (-5, "5", "5"),
        (35, "3.5", "3.5"),
        (3.5, "35", "35"),
        (0.5, "50%", "50"),
        (5, "15", "15"),
        (5, "3,5", "3.5"),
    ],
)
def test_different_numbers_are_wrong(expected: float, text: str, got: str) -> None:
    assert score(expected, text) == Score(
        value=0.0, reason=f"expected {expected}, got {got}"
    )


def test_reasons_say_what_was_found_instead() -> None:
    assert score(5, "no idea").reason == "expected 5, got no number: 'no idea'"
    assert score(5, "3-5").reason == "expected 5, got '3-5', which is no one number"
    assert score(5, "6", tolerance=0.25).reason == "expected 5 within 0.25, got 6"


def test_tolerances_are_inclusive_and_decimal() -> None:
    assert score(0.2, "0.3", tolerance=0.1).value == 1.0
    assert score(0.2, "0.3001", tolerance=0.1).value == 0.0
    assert score(-200, "-202", relative=0.01).value == 1.0
    assert score(-200, "-203", relative=0.01).value == 0.0
    assert score(-200, "-203", relative=0.01, tolerance=3).value == 1.0


@pytest.mark.parametrize("expected", ["five", "3-5", True, None, [5], math.inf, "5 kg"])
def test_an_expected_answer_that_is_no_number_is_refused(expected: Any) -> None:
    with pytest.raises(ScorerError) as caught:
        score(expected, "5")

    assert str(caught.value) == (
        f"c.jsonl:3: case 'a': scorer 'number' cannot read the expected {expected!r} "
        "as one number\n"
        "  hint: write a number, or use scorer='exact' for other answers"
    )


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, True])
def test_a_tolerance_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ScorerError) as caught:
        number(relative=value)

    assert str(caught.value) == (
        f"number: relative is {value!r}, not a number from 0 up\n"
        "  hint: write number(relative=0.01), or leave it out"
    )


@LAW
@given(st.integers(-(10**12), 10**12), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_larger_tolerance_never_makes_a_reply_wrong(
    value: int, one: float, other: float
) -> None:
    small, large = sorted((one, other))
    text = str(value + 1000)

    assert (score(value, text, tolerance=small).value or 0.0) <= (
        score(value, text, tolerance=large).value or 0.0
    )
    assert score(value, str(value), tolerance=small).value == 1.0


@LAW
@given(st.text())
def test_any_reply_gets_a_score(text: str) -> None:
    assert score(5, text).value in {0.0, 1.0}
