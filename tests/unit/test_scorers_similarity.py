from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import similarity
from pytest_promptopt.scorers.similarity import similarity_of

LAW = settings(max_examples=60, deadline=None, database=None)


def score(expected: Any, text: str, *args: Any, **options: Any) -> Score:
    case = Case(id="a", inputs={}, expected=expected, place="c.jsonl:3")
    return similarity(*args, **options)(case, Completion(text=text))


def test_words_count_without_letter_case_and_punctuation() -> None:
    got = score("Your parcel is late.", "your PARCEL is late!")

    assert got == Score(value=1.0, parts={"similarity": 1.0})


def test_the_share_of_edited_words_is_what_is_lost() -> None:
    got = score("your parcel is late", "your parcel was late")

    assert got == Score(
        value=0.75,
        reason="similarity 0.75 in words: expected 'your parcel is late', got "
        "'your parcel was late'",
        parts={"similarity": 0.75},
    )


def test_a_threshold_makes_right_and_wrong_of_it_inclusive() -> None:
    four_of_five = ("a b c d e", "a b c d x")

    assert score(*four_of_five, 0.8).value == 1.0
    assert score(*four_of_five, 0.81) == Score(
        value=0.0,
        reason="similarity 0.8 in words, needs 0.81: expected 'a b c d e', got "
        "'a b c d x'",
        parts={"similarity": 0.8},
    )


def test_the_closest_of_several_texts_counts() -> None:
    assert score(["nothing alike", "a b"], "a c").value == 0.5


def test_characters_are_counted_on_demand() -> None:
    assert score("kitten", "sitting", unit="characters").parts == {
        "similarity": pytest.approx(4 / 7)
    }
    assert score("a b", "A  b", unit="characters", ignore_case=False).value == 0.5


def test_scripts_without_blanks_are_counted_by_character() -> None:
    assert score("\u6771\u4eac\u90fd", "\u6771\u4eac\u5e9c").value == pytest.approx(
        2 / 3
    )


def test_a_composed_and_a_decomposed_letter_are_the_same() -> None:
    assert score("caf\u00e9", "cafe\u0301").value == 1.0


def test_a_reply_without_words_is_wrong_and_an_empty_one_too() -> None:
    assert score("a b", "...").value == 0.0
    assert score("a b", " ").reason == "expected 'a b', but the reply is empty"


@pytest.mark.parametrize("expected", [[], "!?", ["a", "--"], {"a": 1}, "", None])
def test_an_expected_answer_without_words_is_refused(expected: Any) -> None:
    with pytest.raises(ScorerError, match=r"^c.jsonl:3: case 'a': scorer 'similarity'"):
        score(expected, "a")


@pytest.mark.parametrize("threshold", [0, -1, 1.01, True, "0.8", float("nan")])
def test_an_unusable_threshold_is_refused(threshold: Any) -> None:
    with pytest.raises(ScorerError, match=r"not a number above 0 and up to 1"):
        similarity(threshold)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ScorerError) as caught:
        similarity(unit="lines")  # type: ignore[arg-type]

    assert str(caught.value) == (
        "similarity: unit is 'lines', which cannot be counted\n"
        "  hint: write unit='words' or unit='characters'"
    )


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)

    with pytest.raises(ScorerError) as caught:
        similarity()

    assert str(caught.value) == (
        "scorer 'similarity' needs the library 'rapidfuzz', which is not installed\n"
        "  hint: pip install 'pytest-promptopt[rapidfuzz]'"
    )


def plain_distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            before, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, before + (left != right)),
            )
    return row[-1]


@LAW
@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_similarity_is_one_minus_the_distance_over_the_longer(
    one: str, other: str
) -> None:
    got = similarity_of(one, other)

    longest = max(len(one), len(other), 1)
    assert got == similarity_of(other, one)
    assert got * longest == longest - plain_distance(one, other)
