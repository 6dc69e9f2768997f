"""What a recording is going to cost is said before it does."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.report.recording import SHOWN, Recording, estimate

TRIAGE = Recording(name="test_triage", cases=208, trials=3, model="offline:rules")
TONE = Recording(name="test_tone", cases=14, trials=3, model="offline:rules")
ORDERS = Recording(
    name="TestShop.test_orders[small]",
    cases=128,
    trials=3,
    model="openai:gpt-5-mini",
    calls_known=False,
)
ONE = Recording(name="test_one", cases=1, trials=1, model="offline:rules")

recordings = st.lists(
    st.builds(
        Recording,
        name=st.sampled_from(["test_a", "test_b", "test_c[x]"]),
        cases=st.integers(0, 5000),
        trials=st.integers(1, 5),
        model=st.just("offline:rules"),
        calls_known=st.booleans(),
    ),
    max_size=12,
)


def test_nothing_to_record_needs_no_line() -> None:
    assert estimate([]) == []


def test_one_recording_is_one_line() -> None:
    assert estimate([TRIAGE]) == [
        "baselines to record: 1 prompt test, 624 calls: "
        "test_triage 624 (208 cases x 3 trials, offline:rules)"
    ]


def test_calls_of_a_judge_come_on_top() -> None:
    judged = replace(TONE, judged=62)

    assert estimate([judged]) == [
        "baselines to record: 1 prompt test, 104 calls: "
        "test_tone 104 (14 cases x 3 trials, offline:rules; up to 62 to judge them)"
    ]
    assert estimate([replace(judged, calls_known=False)]) == [
        "baselines to record: 1 prompt test, 62 calls and an unknown number by the "
        "application: test_tone unknown (14 cases x 3 trials, offline:rules; up to 62 "
        "to judge them)"
    ]


def test_a_single_reply_is_told_in_the_singular() -> None:
    assert estimate([ONE]) == [
        "baselines to record: 1 prompt test, 1 call: "
        "test_one 1 (1 case x 1 trial, offline:rules)"
    ]


def test_several_recordings_have_a_line_each_the_largest_first() -> None:
    assert estimate([TONE, ORDERS, TRIAGE]) == [
        "baselines to record: 3 prompt tests, 666 calls and an unknown "
        "number by the application",
        "  test_triage 624 (208 cases x 3 trials, offline:rules)",
        "  TestShop.test_orders[small] unknown "
        "(128 cases x 3 trials, openai:gpt-5-mini)",
        "  test_tone 42 (14 cases x 3 trials, offline:rules)",
    ]


def test_calls_that_nobody_can_count_are_not_called_none() -> None:
    assert estimate([ORDERS]) == [
        "baselines to record: 1 prompt test, an unknown number of calls by the "
        "application: TestShop.test_orders[small] unknown "
        "(128 cases x 3 trials, openai:gpt-5-mini)"
    ]


def test_of_many_recordings_the_smallest_are_counted_only() -> None:
    assert estimate([ONE, ONE, TONE, TRIAGE, TRIAGE, TRIAGE]) == [
        "baselines to record: 6 prompt tests, 1,916 calls",
        "  test_triage 624 (208 cases x 3 trials, offline:rules)",
        "  test_triage 624 (208 cases x 3 trials, offline:rules)",
        "  test_triage 624 (208 cases x 3 trials, offline:rules)",
        "  test_tone 42 (14 cases x 3 trials, offline:rules)",
        "  and 2 prompt tests more, 2 calls",
    ]


@given(recordings)
@settings(max_examples=50, deadline=None)
def test_an_estimate_stays_short_and_does_not_forget_a_call(
    tests: list[Recording],
) -> None:
    lines = estimate(tests)

    assert len(lines) <= SHOWN + 2
    known = sum(test.replies for test in tests if test.calls_known)
    if known > 1:
        assert f"{known:,} calls" in lines[0]
