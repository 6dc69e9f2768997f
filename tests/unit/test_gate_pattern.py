"""What the broken cases share, in whole sentences."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.baseline import BaselineCase
from pytest_promptopt.gate.comparison import Pair
from pytest_promptopt.gate.pattern import chance_of, pattern
from pytest_promptopt.records import Case, CaseChange, Score, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A case with the reply that each arm gives every time."""

    expected: str
    got: str
    before: str = ""
    tags: tuple[str, ...] = ()
    finish: str = "stop"
    finish_before: str = "stop"
    reason: str = ""
    broken: bool = True


def rows(number: int, **fields: object) -> list[Row]:
    return [Row(**fields)] * number  # type: ignore[arg-type]


def kept(number: int, label: str, **fields: object) -> list[Row]:
    """Cases that both arms answer rightly."""
    return rows(number, expected=label, got=label, broken=False, **fields)


def sentences(table: list[Row]) -> tuple[str, ...]:
    pairs = [pair(f"c{i}", row) for i, row in enumerate(table)]
    worse = [change(f"c{i}", row) for i, row in enumerate(table) if row.broken]
    return pattern(pairs, worse)


def pair(name: str, row: Row) -> Pair:
    case = Case(id=name, inputs={}, expected=row.expected, tags=row.tags)
    now = 1.0 if row.got == row.expected else 0.0
    before = Trial(
        score=Score(value=1.0),
        output=row.before or row.expected,
        finish_reason=row.finish_before,
    )
    after = Trial(
        score=Score(value=now, reason=row.reason),
        output=row.got,
        finish_reason=row.finish,
    )
    return Pair(
        case=case,
        recorded=BaselineCase(
            id=name, hash=case.hash, values=(1.0,), must_pass=False, weight=1.0
        ),
        old=(1.0, 1.0),
        new=(now, now),
        old_trials=(before, before),
        new_trials=(after, after),
    )


def change(name: str, row: Row) -> CaseChange:
    return CaseChange(
        case_id=name,
        place=f"cases/x.jsonl:{name[1:]}",
        expected=row.expected,
        got=row.got,
        before=row.before or row.expected,
        was=1.0,
        now=0.0,
        reason=row.reason,
        finish_reason=row.finish,
    )


def test_cases_confused_in_the_same_way_are_told() -> None:
    table = [
        *rows(17, expected="billing", got="shipping"),
        *[Row(expected="technical", got=f"odd {i}") for i in range(6)],
        *kept(20, "shipping"),
        *kept(20, "technical"),
    ]

    assert sentences(table) == (
        "17 of 23 broken cases expect 'billing' and got 'shipping'",
    )


def test_cut_off_replies_are_told() -> None:
    table = [
        *[Row(expected="a", got=f"cut {i}", finish="length") for i in range(12)],
        *kept(40, "b"),
    ]

    assert sentences(table) == (
        "12 of 12 broken cases ended with finish reason 'length'",
    )


def test_a_tag_is_told_with_how_many_have_it_anyway() -> None:
    table = [
        *[Row(expected="a", got=f"x{i}", tags=("german",)) for i in range(9)],
        *[Row(expected="a", got=f"y{i}") for i in range(2)],
        *kept(2, "a", tags=("german",)),
        *kept(67, "a"),
    ]

    assert sentences(table) == (
        "9 of 11 broken cases have the tag 'german' (11 of 80 cases have it)",
    )


def test_a_tag_that_most_cases_have_tells_nothing() -> None:
    table = [
        *[Row(expected="a", got=f"x{i}", tags=("shop",)) for i in range(9)],
        *kept(60, "a", tags=("shop",)),
        *kept(10, "a"),
    ]

    assert sentences(table) == ()


def test_an_answer_that_is_as_frequent_elsewhere_tells_nothing() -> None:
    table = [
        *[Row(expected=f"e{i}", got="no") for i in range(3)],
        *kept(30, "no"),
        *kept(3, "yes"),
    ]

    assert sentences(table) == ()


def test_one_answer_to_everything_is_told_though_all_cases_get_it() -> None:
    table = [
        *[Row(expected=f"label {i % 3}", got="other") for i in range(30)],
        *kept(10, "other"),
    ]

    assert sentences(table) == ("30 of 30 broken cases got 'other'",)


def test_what_cuts_off_every_reply_is_told_though_other_cases_have_it_too() -> None:
    always_wrong = [
        Row(expected="a", got=f"w{i}", finish="length", broken=False) for i in range(30)
    ]
    table = [
        *[Row(expected="a", got=f"x{i}", finish="length") for i in range(10)],
        *always_wrong,
    ]

    assert sentences(table) == (
        "10 of 10 broken cases ended with finish reason 'length'",
    )


def test_what_was_so_before_the_edit_is_not_told() -> None:
    table = [
        Row(
            expected="a",
            got=f"x{i}",
            before=f"z{i}",
            finish="tool_calls",
            finish_before="tool_calls",
            broken=i < 10,
        )
        for i in range(40)
    ]

    assert sentences(table) == ()


def test_empty_replies_are_told() -> None:
    table = [*rows(5, expected="a", got=" \n"), *kept(30, "b")]

    assert sentences(table) == ("5 of 5 broken cases got an empty reply",)


def test_the_same_reason_is_told() -> None:
    table = [
        *[
            Row(expected=f"e{i}", got=f"g{i}", reason="reply is not JSON")
            for i in range(6)
        ],
        *kept(30, "b"),
    ]

    assert sentences(table) == (
        "6 of 6 broken cases have the same reason: 'reply is not JSON'",
    )


def test_a_reason_that_only_names_the_confusion_is_left_out() -> None:
    table = [
        *rows(6, expected="a", got="b", reason="expected 'a', got 'b'"),
        *kept(30, "c"),
    ]

    assert sentences(table) == ("6 of 6 broken cases expect 'a' and got 'b'",)


def test_at_most_three_are_told_the_most_frequent_first() -> None:
    table = [
        *rows(9, expected="a", got="", finish="length", tags=("long", "german")),
        Row(expected="a", got="half", finish="length", tags=("long",)),
        Row(expected="a", got="bad", tags=("short",)),
        *kept(40, "b", tags=("short",)),
    ]

    assert sentences(table) == (
        "10 of 11 broken cases ended with finish reason 'length'",
        "10 of 11 broken cases have the tag 'long' (10 of 51 cases have it)",
        "9 of 11 broken cases got an empty reply",
    )


def test_tags_that_go_together_are_told_once() -> None:
    table = [
        *[Row(expected="a", got=f"x{i}", tags=("de", "german")) for i in range(8)],
        *kept(40, "b"),
    ]

    assert sentences(table) == (
        "8 of 8 broken cases have the tag 'de' (8 of 48 cases have it)",
    )


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_two_cases_make_no_pattern(broken: int) -> None:
    assert sentences([*rows(broken, expected="a", got="b"), *kept(90, "c")]) == ()


def test_less_than_half_of_the_broken_cases_make_no_pattern() -> None:
    table = [
        *rows(5, expected="a", got="b"),
        *[Row(expected=f"e{i}", got=f"g{i}") for i in range(6)],
        *kept(90, "c"),
    ]

    assert sentences(table) == ()


def test_texts_are_quoted_on_one_line_and_cut() -> None:
    table = [
        *rows(4, expected="a", got="\x1b[31mred\n" + "x" * 90),
        *kept(30, "c"),
    ]

    (sentence,) = sentences(table)

    shown = "\\x1b[31mred\\n" + "x" * 48 + "..."
    assert sentence == f"4 of 4 broken cases expect 'a' and got '{shown}'"


def test_changes_without_a_pair_are_not_counted() -> None:
    table = [*rows(4, expected="a", got="b"), *kept(30, "c")]
    pairs = [pair(f"c{i}", row) for i, row in enumerate(table)]
    worse = [change(f"c{i}", table[0]) for i in (0, 1, 2, 3, 99)]

    assert pattern(pairs, worse) == ("4 of 4 broken cases expect 'a' and got 'b'",)


def test_recorded_scores_without_replies_are_no_proof_that_it_is_new() -> None:
    table = [*rows(4, expected="a", got="b"), *kept(30, "b")]
    pairs = [pair(f"c{i}", row) for i, row in enumerate(table)]
    bare = [
        Pair(
            case=entry.case,
            recorded=entry.recorded,
            old=entry.old,
            new=entry.new,
            old_trials=(),
            new_trials=entry.new_trials,
        )
        for entry in pairs
    ]
    worse = [change(f"c{i}", table[0]) for i in range(4)]

    assert pattern(bare, worse) == ()


def test_the_chance_of_a_lot_is_the_hypergeometric_tail() -> None:
    assert chance_of(11, 80, 11, 9) == pytest.approx(1.2e-8, rel=0.1)
    assert chance_of(5, 10, 3, 3) == pytest.approx(1 / 12)
    assert chance_of(10, 10, 4, 4) == 1.0
    assert chance_of(3, 10, 4, 0) == pytest.approx(1.0)


LABELS = st.sampled_from(["a", "b", ""])
ROWS = st.lists(
    st.builds(
        Row,
        expected=st.sampled_from(["a", "b"]),
        got=LABELS,
        tags=st.sampled_from([(), ("x",), ("x", "y")]),
        finish=st.sampled_from(["stop", "length"]),
        reason=st.sampled_from(["", "bad"]),
        broken=st.booleans(),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_sentences_do_not_depend_on_the_order(
    table: list[Row], draw: random.Random
) -> None:
    pairs = [pair(f"c{i}", row) for i, row in enumerate(table)]
    worse = [change(f"c{i}", row) for i, row in enumerate(table) if row.broken]
    mixed, shuffled = pairs[:], worse[:]
    draw.shuffle(mixed)
    draw.shuffle(shuffled)

    told = pattern(pairs, worse)

    assert pattern(mixed, shuffled) == told
    assert len(told) <= 3
    assert len(set(told)) == len(told)
    assert len(worse) >= 3 or not told
