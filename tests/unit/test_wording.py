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


def test_a_number_goes_with_its_noun() -> None:
    assert wording.count(1, "case") == "1 case"
    assert wording.count(1200, "call") == "1,200 calls"


@given(st.text())
def test_shortened_text_is_one_printable_line(text: str) -> None:
    shown = wording.shortened(text)

    assert shown.isprintable()
    assert "\n" not in shown
