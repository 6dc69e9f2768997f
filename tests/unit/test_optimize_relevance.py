"""Which texts are alike: TF-IDF, vectors, and what happens without them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.optimize import Embed
from pytest_promptopt.optimize.strategies.relevance import Relevance, by_words, cosine

if TYPE_CHECKING:
    from collections.abc import Generator

    Vectors = tuple[tuple[float, ...], ...]
    Asking = Generator[Embed, Vectors | None, tuple[float, ...]]

TEXTS = st.text(alphabet="ab ,一二", max_size=20)


def answered(asking: Asking, *answers: Vectors | None) -> tuple[float, ...]:
    """Give the answers to what is asked, and return what comes of it."""
    left = list(answers)
    try:
        next(asking)
        while True:
            asking.send(left.pop(0))
    except StopIteration as stop:
        assert not left
        found: tuple[float, ...] = stop.value
        return found


def test_the_more_words_are_shared_the_more_texts_are_alike() -> None:
    near, far, other = by_words(
        "Sort the ticket into a queue.",
        ["Sort the ticket by queue.", "Put the mail away.", "Answer: yes or no?"],
    )

    assert 1 > near > far > other == 0


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    rare, common = by_words(
        "the refund", ["a refund", "the parcel", "the invoice", "the login"]
    )[:2]

    assert rare > common


def test_case_and_punctuation_do_not_count() -> None:
    assert by_words("Sort it.", ["sort IT!"]) == (1.0,)


def test_scripts_without_blanks_are_compared_by_character() -> None:
    near, far = by_words("请分类工单", ["请分类邮件", "回答问题"])

    assert near > far == 0


@given(one=TEXTS, other=TEXTS)
def test_likeness_is_symmetric_in_0_to_1_and_whole_for_the_same(
    one: str, other: str
) -> None:
    (there,), (back,) = by_words(one, [other]), by_words(other, [one])

    assert there == back
    assert 0 <= there <= 1
    (same,) = by_words(one, [one])
    assert same == (1.0 if any(map(str.isalnum, one)) else 0.0)


@given(vector=st.lists(st.floats(-1e100, 1e100), max_size=4))
def test_a_cosine_is_a_cosine_whatever_a_model_sends(vector: list[float]) -> None:
    assert -1 <= cosine(vector, [1.0] * len(vector)) <= 1
    assert cosine(vector, [1.0] * 5) == 0.0  # of another length


def test_vectors_win_over_words() -> None:
    asking = Relevance().to("a", ["b", "a c"])

    assert next(asking) == Embed(texts=("a", "b", "a c"))
    found = answered(Relevance().to("a", ["b", "a c"]), ((1, 0), (1, 0), (0, 2)))

    assert found == (1.0, 0.0)


def test_each_text_is_asked_for_once() -> None:
    relevance = Relevance()
    answered(relevance.to("a", ["b"]), ((1, 0), (0, 1)))

    assert next(relevance.to("b", ["a", "c", "c", " "])) == Embed(texts=("c",))
    half = round(math.sqrt(0.5), 9)
    found = answered(relevance.to("b", ["a", "c", "c", " "]), ((1, 1),))

    assert found == (0.0, half, half, 0.0)


def test_without_vectors_words_decide_from_then_on() -> None:
    relevance = Relevance()

    assert answered(relevance.to("a", ["a b"]), None) == by_words("a", ["a b"])
    assert answered(relevance.to("c", ["c d"])) == by_words("c", ["c d"])


def test_nothing_is_asked_where_there_is_nothing_to_compare() -> None:
    assert answered(Relevance().to("a", [])) == ()
