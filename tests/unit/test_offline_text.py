"""Stems meet where words are forms of one another; draws depend on keys alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.models.offline.text import (
    draw,
    fold,
    join_list,
    name_stems,
    stem,
    stems,
)


@pytest.mark.parametrize(
    "forms",
    [
        "arrive arrived arriving arrival",
        "deliver delivered delivery",
        "verify verified verification",
        "activate activated activation",
        "pay paid paying payment",
        "steal stole stolen",
        "city cities",
        "cancel cancelled cancellation",
    ],
)
def test_forms_of_a_word_share_a_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


def test_different_words_keep_different_stems() -> None:
    distinct = "red green horse house card code price prize broken".split()  # noqa: SIM905

    assert len({stem(word) for word in distinct}) == len(distinct)


@given(st.text(max_size=20))
def test_a_stem_ignores_case_and_is_short(word: str) -> None:
    assert len(stem(word)) <= 6 or not word.isascii()
    if word.isascii():
        assert stem(word) == stem(word.upper())


def test_names_are_split_at_underscores_and_humps() -> None:
    assert name_stems("green_card") == name_stems("GreenCard") == ("green", "card")


def test_a_name_of_filler_words_keeps_them() -> None:
    assert name_stems("how_much") == ("how", "much")
    assert stems("how much") == ()


def test_a_draw_is_a_fixed_number_in_the_unit_interval() -> None:
    assert draw("a", 1) == draw("a", "1")
    assert draw("a", 1) != draw("a", 2)
    assert 0.0 <= draw("anything") < 1.0


def test_folding_forgets_case_and_punctuation() -> None:
    assert fold("Lost_or-stolen Card!") == "lost or stolen card"


def test_lists_read_like_english() -> None:
    assert join_list(["a", "b", "c"]) == "a, b and c"
    assert join_list(["a"]) == "a"
