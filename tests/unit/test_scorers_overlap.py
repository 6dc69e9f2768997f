from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.records import Case, Completion, Score
from pytest_promptopt.scorers import list_f1, set_f1
from pytest_promptopt.scorers.item_lists import items_in

LAW = settings(max_examples=60, deadline=None, database=None)
items = st.lists(st.sampled_from("abcd"), max_size=6)


def score(scorer: Any, expected: Any, text: str) -> Score:
    case = Case(id="a", inputs={}, expected=expected, place="c.jsonl:3")
    got = scorer(case, Completion(text=text))
    assert isinstance(got, Score)
    return got


@pytest.mark.parametrize(
    "text",
    [
        "tea, cup",
        "Tea; Cup.",
        "- tea\n- cup\n",
        "1. tea\n2) cup",
        "\u2022 **tea**,\n\u2022 `cup`",
        '["tea", "cup"]',
        '"tea", "cup"',
    ],
)
def test_lists_are_read_as_models_write_them(text: str) -> None:
    assert [item.lower() for item in items_in(text)] == ["tea", "cup"]
    assert score(set_f1(), ["cup", "tea"], text).value == 1.0


def test_a_dash_or_a_number_inside_an_item_is_no_bullet() -> None:
    assert items_in("Utrecht - Noord\nroom 2. floor\n3 cups") == (
        "Utrecht - Noord",
        "room 2. floor",
        "3 cups",
    )


def test_a_separator_is_the_only_one() -> None:
    assert items_in("a, b | c", "|") == ("a, b", "c")
    assert score(set_f1(separator="|"), "c | a, b", "a, b|c").value == 1.0


def test_json_items_that_are_no_text_are_compared_as_json_writes_them() -> None:
    assert score(set_f1(), [1, True, "x"], '[true, 1, "x"]').value == 1.0


def test_precision_and_recall_are_parts_and_f1_is_the_score() -> None:
    assert score(set_f1(), ["a", "b", "c"], "a, x") == Score(
        value=0.4,
        reason="missing 'b', 'c'; not asked for: 'x'",
        parts={"precision": 0.5, "recall": 1 / 3},
    )


def test_repeats_count_in_a_list_and_not_in_a_set() -> None:
    assert score(set_f1(), ["a", "b"], "b, a, a").value == 1.0
    assert score(list_f1(ordered=False), ["a", "b"], "b, a, a") == Score(
        value=0.8,
        reason="not asked for: 'a'",
        parts={"precision": 2 / 3, "recall": 1.0},
    )


def test_order_counts_in_a_list_unless_it_is_said_not_to() -> None:
    assert score(list_f1(), ["a", "b", "c"], "c, a, b") == Score(
        value=2 / 3,
        reason="the order differs: got 'c', 'a', 'b'",
        parts={"precision": 2 / 3, "recall": 2 / 3},
    )
    assert score(list_f1(ordered=False), ["a", "b", "c"], "c, a, b").value == 1.0


def test_letter_case_counts_on_demand() -> None:
    assert score(set_f1(), ["Tea"], "tea").value == 1.0
    assert score(set_f1(ignore_case=False), ["Tea"], "tea").value == 0.0


def test_no_item_is_right_where_none_is_expected() -> None:
    assert score(set_f1(), [], "[]").value == 1.0
    assert score(set_f1(), [], "tea") == Score(
        value=0.0,
        reason="not asked for: 'tea'",
        parts={"precision": 0.0, "recall": 0.0},
    )
    assert score(set_f1(), ["tea"], "[]").reason == "missing 'tea'"


def test_an_empty_reply_is_wrong() -> None:
    assert (
        score(list_f1(), ["a"], "").reason == "expected ['a'], but the reply is empty"
    )


@pytest.mark.parametrize("expected", [None, "", " , ", {"a": 1}, [["a"]], [""], 7])
def test_an_expected_answer_that_is_no_list_is_refused(expected: Any) -> None:
    with pytest.raises(ScorerError, match=r"^c.jsonl:3: case 'a': scorer 'list_f1'"):
        score(list_f1(), expected, "a")


@pytest.mark.parametrize("separator", ["", 7])
def test_an_unusable_separator_is_refused(separator: Any) -> None:
    with pytest.raises(ScorerError, match=r"^set_f1: separator is .*, not a text"):
        set_f1(separator=separator)


@LAW
@given(items, items)
def test_the_score_is_the_harmonic_mean_and_order_can_only_cost(
    one: list[str], other: list[str]
) -> None:
    text = json.dumps(other)
    in_order = score(list_f1(), one, text)
    in_any = score(list_f1(ordered=False), one, text)

    assert in_order.value is not None
    assert in_any.value is not None
    assert in_order.value <= in_any.value
    assert (in_any.value == 1.0) is (sorted(one) == sorted(other))
    assert (in_order.value == 1.0) is (one == other)
    precision, recall = in_any.parts["precision"], in_any.parts["recall"]
    if precision + recall:
        mean = 2 * precision * recall / (precision + recall)
        assert in_any.value == pytest.approx(mean)
    for got in (in_order, in_any, score(set_f1(), one, text)):
        assert (got.value == 1.0) is (got.reason == "")
