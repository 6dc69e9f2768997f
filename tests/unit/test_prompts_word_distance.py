"""How many words two texts differ by, with rapidfuzz and without."""

from __future__ import annotations

import sys
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.prompts.word_distance import word_distance

TEXTS = st.lists(st.sampled_from("abc"), max_size=7).map(" ".join)


def by_definition(old: tuple[str, ...], new: tuple[str, ...]) -> int:
    @cache
    def distance(i: int, j: int) -> int:
        if not (i and j):
            return i + j
        return min(
            distance(i - 1, j) + 1,
            distance(i, j - 1) + 1,
            distance(i - 1, j - 1) + (old[i - 1] != new[j - 1]),
        )

    return distance(len(old), len(new))


@given(old=TEXTS, new=TEXTS)
def test_both_ways_count_what_the_definition_says(old: str, new: str) -> None:
    expected = by_definition(tuple(old.split()), tuple(new.split()))

    with pytest.MonkeyPatch.context() as patch:
        quick = word_distance(old, new)
        patch.setitem(sys.modules, "rapidfuzz.distance", None)
        plain = word_distance(old, new)

    assert (quick, plain) == (expected, expected)


def test_words_and_not_characters_or_blanks_are_counted() -> None:
    assert word_distance("Sort the ticket.", "Sort\n the   ticket.") == 0
    assert word_distance("Sort the ticket.", "Please sort the tickets.") == 3
    assert word_distance("", "one two") == 2
