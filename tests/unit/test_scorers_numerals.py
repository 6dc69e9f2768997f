from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.scorers.numerals import number_in, whole_number

LAW = settings(max_examples=100, deadline=None, database=None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("-5", "-5"),
        ("\u22125", "-5"),
        ("+5", "5"),
        ("3.5", "3.5"),
        ("35", "35"),
        (".5", "0.5"),
        ("1,234", "1234"),
        ("1,234,567.5", "1234567.5"),
        ("1.234.567", "1234567"),
        ("1.234,5", "1234.5"),
        ("1\u202f234", "1234"),
        ("1'234", "1234"),
        ("1_000", "1000"),
        ("3,5", "3.5"),
        ("0,500", "0.5"),
        ("$1,200", "1200"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("-\u20ac 5", "-5"),
        ("50 %", "50"),
        ("50%", "50"),
        ("1e3", "1000"),
        ("1.5E-2", "0.015"),
        ("3/4", "0.75"),
        ("5k", "5000"),
        ("1.5 million", "1500000"),
        ("minus 5", "-5"),
        ("Negative 7.", "-7"),
    ],
)
def test_numerals_are_read_as_people_write_them(text: str, value: str) -> None:
    assert number_in(text) == Fraction(value)
    assert whole_number(text) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("There are 3 ducks and 4 geese.", 4),
        ("5 * 3 = 15", 15),
        ("5*3=15 eggs.", 15),
        ("**8**", 8),
        ("5km", 5),
        ("on the 3rd", 3),
        ("a 3-day trip", 3),
        ("Total...5", 5),
        ("x=5", 5),
        ("7, 8, 9", 9),
    ],
)
def test_without_a_mark_the_last_number_counts(text: str, value: int) -> None:
    assert number_in(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12 eggs. Answer: 8 because 3 + 5", 8),
        ("Answer: 3 + 5 = 8", 8),
        ("The answer is $18 per day for 2 ducks", 18),
        ("**Answer:** 12.", 12),
        ("Answer: 4. Final answer: 5.\n\nChecked 2 times.", 5),
        ("<<4/4=1.0>>1 hour\n#### 1,234", 1234),
        (r"So $\boxed{-6}$ of 9", -6),
    ],
)
def test_a_number_behind_the_last_answer_mark_goes_first(text: str, value: int) -> None:
    assert number_in(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3",
        "3-5",
        "3\u20135",
        "2024-01-02",
        "12:30",
        "12/05/2024",
        "1.2.3",
        "1/2.5",
        "1/0",
        "2^10",
        "1e999999",
        "9" * 41,
    ],
)
def test_what_is_no_one_number_is_returned_as_it_stands(text: str) -> None:
    assert number_in(f"It is {text}.") == text
    assert whole_number(text) is None


def test_a_hedged_answer_is_no_one_number() -> None:
    assert number_in("Answer: 3 or 5") == "3 or 5"
    assert number_in("Answer: between 3 and 5") == "3 and 5"


@pytest.mark.parametrize("text", ["", "none", "GPT-4", "v2", "Q3", "\u00b2", "eight"])
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert number_in(text) is None
    assert whole_number(text) is None


@LAW
@given(
    st.decimals(
        allow_nan=False,
        allow_infinity=False,
        places=3,
        max_value=10**9,
        min_value=-(10**9),
    )
)
def test_written_numbers_read_back_exactly(value: object) -> None:
    for written in (
        f"{value}",
        f"{value:,}",
        f"I get {value:,}.",
        f"answer: {value} m",
    ):
        assert number_in(written) == Fraction(str(value))


@LAW
@given(st.text(alphabet="0123456789.,-/:^eEkx%$ =answer\n#or", max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(number_in(text), (Fraction, str, type(None)))
    assert isinstance(whole_number(text), (Fraction, type(None)))
