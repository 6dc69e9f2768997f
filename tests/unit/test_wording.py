"""Figures in words: one way for every message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt import wording


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.625, "62.5%"), (1.0, "100.0%"), (0.0, "0.0%"), (None, "-")],
)
def test_a_share_is_a_percentage(share: float | None, text: str) -> None:
    assert wording.percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.025, "+2.5 points"),
        (-0.01, "-1.0 point"),
        (0.0, "+0.0 points"),
        (-0.0001, "+0.0 points"),
        (None, "-"),
    ],
)
def test_a_change_has_its_sign_and_zero_is_not_negative(
    share: float | None, text: str
) -> None:
    assert wording.change(share) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.03125, "p = 0.031"),
        (1.0, "p = 1"),
        (0.00001, "p < 0.0001"),
        (0.0, "p < 0.0001"),
        (None, ""),
    ],
)
def test_a_p_value_has_two_digits(p: float | None, text: str) -> None:
    assert wording.p_value(p) == text


def test_a_p_value_says_of_what_where_that_is_not_plain() -> None:
    assert wording.p_value(0.98, of="a drop") == "p of a drop = 0.98"
    assert wording.p_value(0.0, of="a drop") == "p of a drop < 0.0001"


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (0.025, "0.025"),
        (0.0125, "0.0125"),
        (0.05 / 6, "0.00833"),
        (0.05 / 2000, "0.000025"),
    ],
)
def test_a_limit_has_three_digits(limit: float, text: str) -> None:
    assert wording.limit(limit) == text


@pytest.mark.parametrize(
    ("p", "limit", "texts"),
    [
        (0.0128, 0.0125, ("p = 0.013", "0.0125")),
        (0.0252, 0.025, ("p = 0.0252", "0.025")),
        (0.0248, 0.0249, ("p = 0.0248", "0.0249")),
        (0.0125, 0.0125, ("p = 0.0125", "0.0125")),
        (0.008334, 0.05 / 6, ("p = 0.008334", "0.008333")),
        (0.5, 0.025, ("p = 0.5", "0.025")),
        (1.0, 0.025, ("p = 1", "0.025")),
        (0.0, 0.025, ("p < 0.0001", "0.025")),
        (0.00007, 0.00005, ("p = 0.00007", "0.00005")),
        (0.0, 0.00005, ("p < 0.00001", "0.00005")),
    ],
)
def test_a_p_value_and_its_limit_have_the_digits_that_tell_them_apart(
    p: float, limit: float, texts: tuple[str, str]
) -> None:
    assert wording.beside(p, limit) == texts


@given(st.floats(0.0, 1.0), st.floats(1e-7, 0.5))
def test_a_p_value_looks_larger_than_its_limit_only_if_it_is(
    p: float, limit: float
) -> None:
    shown, held = wording.beside(p, limit)
    least = float(shown.rpartition(" ")[2])

    if "<" in shown:
        assert p < least <= float(held)
    elif abs(p - limit) > 1e-8:
        assert (least > float(held)) == (p > limit)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1204.4, "1,204"),
        (160.0, "160"),
        (160.25, "160.2"),
        (0.000012345, "0.00001234"),
        (0.0, "0"),
        (-0.5, "-0.5"),
    ],
)
def test_a_quantity_is_written_out(value: float, text: str) -> None:
    assert wording.quantity(value) == text


@pytest.mark.parametrize(
    ("date", "age"),
    [
        ("2026-11-20", "today"),
        ("2026-11-19", "1 day ago"),
        ("2026-09-22", "59 days ago"),
        ("2026-09-21", "2 months ago"),
        ("2025-11-20", "12 months ago"),
        ("2026-11-21", ""),
        ("2026-13-01", ""),
        ("2026-W47-4", ""),
        ("", ""),
    ],
)
def test_an_age_is_told_in_days_then_months(date: str, age: str) -> None:
    assert wording.age(date, "2026-11-20") == age


def test_a_number_goes_with_its_noun() -> None:
    assert wording.count(1, "case") == "1 case"
    assert wording.count(1200, "call") == "1,200 calls"


@given(st.text())
def test_shortened_text_is_one_printable_line(text: str) -> None:
    shown = wording.shortened(text)

    assert shown.isprintable()
    assert "\n" not in shown
