from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.records import Case, Score, Trial
from pytest_promptopt.scorers import (
    label_line,
    label_lines,
    label_pairs,
    label_report,
)
from pytest_promptopt.scorers.label_report import Confusion, LabelRow

LAW = settings(max_examples=60, deadline=None, database=None)
PAIRS = [
    *[("billing", "billing")] * 6,
    *[("billing", "shipping")] * 2,
    *[("shipping", "shipping")] * 3,
    ("shipping", None),
    ("account", "billing"),
]
pairs = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([*"abcd", None])))


def test_precision_recall_and_f1_are_counted_label_by_label() -> None:
    report = label_report(PAIRS)

    assert report.rows == (
        LabelRow(label="account", precision=None, recall=0.0, f1=0.0, n=1),
        LabelRow(label="billing", precision=6 / 7, recall=0.75, f1=12 / 15, n=8),
        LabelRow(label="shipping", precision=0.6, recall=0.75, f1=6 / 9, n=4),
    )
    assert report.accuracy == 9 / 13
    assert report.n == 13


def test_confusions_come_with_the_most_frequent_first() -> None:
    assert label_report(PAIRS).confusions == (
        Confusion(expected="billing", got="shipping", n=2),
        Confusion(expected="account", got="billing", n=1),
        Confusion(expected="shipping", got=None, n=1),
    )


def test_the_table_and_the_line_are_plain_text() -> None:
    report = label_report(PAIRS)

    assert label_lines(report) == (
        "label     precision  recall     f1  n",
        "account           -    0.0%   0.0%  1",
        "billing       85.7%   75.0%  80.0%  8",
        "shipping      60.0%   75.0%  66.7%  4",
    )
    assert label_line(report) == (
        "69.2% of 13 labels right; weakest: account (precision -, recall 0.0%); "
        "most confused: billing as shipping, 2x"
    )
    assert label_line(label_report([("a", None)])).endswith("a as (none), 1x")


def test_nothing_and_nothing_wrong_are_said_shortly() -> None:
    assert label_report([]).accuracy is None
    assert label_line(label_report([])) == ""
    assert label_line(label_report([("a", "a")])) == "100.0% of 1 labels right"


def test_pairs_are_read_from_trials_as_choice_reads_them() -> None:
    right, wrong = Score(value=1.0), Score(value=0.0)
    cases = [
        Case(id="1", inputs={}, expected="billing"),
        Case(id="2", inputs={}, expected=" shipping"),
        Case(id="3", inputs={}, expected={"a": 1}),
        Case(id="4", inputs={}, has_expected=False),
        Case(id="5", inputs={}, expected="billing"),
    ]
    trials = {
        "1": (
            Trial(score=right, output="It is Billing."),
            Trial(score=wrong, output="billing or shipping"),
            Trial.lost("timeout"),
            Trial(score=Score.unscored("skipped"), output="billing"),
        ),
        "2": (Trial(score=wrong, output="other"), Trial(score=wrong, output="hm")),
        "3": (Trial(score=right, output="billing"),),
    }

    assert list(label_pairs(cases, trials, labels=["other"])) == [
        ("billing", "billing"),
        ("billing", None),
        ("shipping", "other"),
        ("shipping", None),
    ]


@LAW
@given(pairs, st.randoms(use_true_random=False))
def test_the_report_adds_up_and_knows_no_order(
    given_pairs: list[tuple[str, str | None]], rng: random.Random
) -> None:
    report = label_report(given_pairs)
    shuffled = list(given_pairs)
    rng.shuffle(shuffled)

    assert label_report(shuffled) == report
    assert sum(row.n for row in report.rows) == report.n == len(given_pairs)
    right = report.n - sum(one.n for one in report.confusions)
    assert right == sum(expected == got for expected, got in given_pairs)
    for row in report.rows:
        if row.precision and row.recall:
            mean = 2 / (1 / row.precision + 1 / row.recall)
            assert abs(row.f1 - mean) < 1e-12
