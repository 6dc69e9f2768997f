from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import exact

LAW = settings(max_examples=80, deadline=None, database=None)


def score(expected: Any, text: str, **options: bool) -> Score:
    return exact(**options)(
        Case(id="a", inputs={}, expected=expected), Completion(text=text)
    )


def test_outer_white_space_does_not_count_unless_asked_for() -> None:
    assert score("billing", " billing\n").value == 1.0
    assert score("billing", "billing\n", strip=False) == Score(
        value=0.0, reason="expected 'billing', got 'billing\\n'"
    )


def test_letter_case_counts_unless_told_otherwise() -> None:
    assert score("billing", "Billing", ignore_case=True).value == 1.0
    assert score("billing", "Billing") == Score(
        value=0.0, reason="expected 'billing', got 'Billing' (other letter case)"
    )


def test_a_wrong_reply_is_shown_beside_the_expected_one() -> None:
    assert score("billing", "shipping") == Score(
        value=0.0, reason="expected 'billing', got 'shipping'"
    )
    assert len(score("billing", "x" * 1000).reason) < 120


@pytest.mark.parametrize(
    ("expected", "text"),
    [(8, "8"), (True, "true"), (0.5, "0.5"), (10**20, "1" + "0" * 20)],
)
def test_numbers_and_booleans_are_expected_as_json_writes_them(
    expected: Any, text: str
) -> None:
    assert score(expected, text).value == 1.0


@pytest.mark.parametrize(
    ("expected", "text"),
    [("valid", "invalid"), ("No", "not sure"), ("5", "-5"), ("35", "3.5"), ("a", "a.")],
)
def test_more_or_less_the_same_is_not_the_same(expected: str, text: str) -> None:
    assert score(expected, text).value == 0.0


@LAW
@given(st.text(min_size=1).filter(str.strip), st.booleans(), st.booleans())
def test_every_text_is_exactly_itself(
    text: str,
    strip: bool,  # noqa: FBT001 - drawn by hypothesis
    ignore_case: bool,  # noqa: FBT001
) -> None:
    assert score(text, text, strip=strip, ignore_case=ignore_case).value == 1.0


@LAW
@given(st.text(min_size=1).filter(str.strip), st.text())
def test_any_reply_gets_a_score(expected: str, text: str) -> None:
    strict = score(expected, text)
    lenient = score(expected, text, ignore_case=True)

    assert bool(strict.reason) == (strict.value == 0.0)
    assert (lenient.value or 0.0) >= (strict.value or 0.0)
