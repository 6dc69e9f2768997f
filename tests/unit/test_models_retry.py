"""When a failed request is sent again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt.errors import ModelError
from pytest_promptopt.models.retry import Pace, RetryPolicy, parse_retry_after

POLICY = RetryPolicy()
draws = st.floats(0, 1, exclude_max=True)


def failure(
    *, retryable: bool = True, retry_after_s: float | None = None
) -> ModelError:
    error = ModelError("it failed", "try again", retryable=retryable)
    error.retry_after_s = retry_after_s
    return error


def next_wait_s(
    pace: Pace, error: ModelError, *, failures: int = 1, began: float, now: float
) -> float | None:
    return pace.failed(
        error, failures=failures, began=began, now=now, policy=POLICY, draw=0.0
    )


def test_own_waiting_times_double_up_to_a_cap() -> None:
    policy = RetryPolicy(retries=6)

    waits = [policy.wait_s(failures, None, 1.0) for failures in range(1, 8)]

    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, None]


@given(st.integers(1, 4), draws)
def test_jitter_shortens_an_own_waiting_time_to_no_less_than_half(
    failures: int, draw: float
) -> None:
    longest = POLICY.wait_s(failures, None, 1.0)
    wait = POLICY.wait_s(failures, None, draw)

    assert longest is not None
    assert wait is not None
    assert longest / 2 <= wait <= longest


@given(st.floats(0, 120), st.integers(1, 4), draws)
def test_a_pause_that_was_asked_for_is_never_cut_short(
    asked: float, failures: int, draw: float
) -> None:
    wait = POLICY.wait_s(failures, asked, draw)

    assert wait is not None
    assert asked <= wait <= asked + 8.0


def test_a_pause_beyond_all_patience_gives_up() -> None:
    assert POLICY.wait_s(1, 121.0, 0.0) is None


def test_an_error_that_will_not_pass_is_not_retried() -> None:
    pace = Pace()

    assert next_wait_s(pace, failure(retryable=False), began=1, now=2) is None
    # and says nothing about the next request
    assert next_wait_s(pace, failure(), began=3, now=4) == 0.25


def test_a_pause_holds_for_every_request_to_the_model() -> None:
    pace = Pace()

    next_wait_s(pace, failure(retry_after_s=3.0), began=9, now=10)
    next_wait_s(pace, failure(retry_after_s=1.0), began=9, now=11)

    assert pace.pause_s(11) == 2.0
    assert pace.pause_s(14) == 0.0


def test_after_one_request_failed_for_good_the_others_are_tried_once() -> None:
    pace = Pace()

    assert next_wait_s(pace, failure(), failures=5, began=1, now=9) is None

    assert next_wait_s(pace, failure(), began=10, now=11) is None
    pace.replied(12)
    assert next_wait_s(pace, failure(), began=13, now=14) == 0.25


def test_one_request_that_always_fails_takes_no_patience_from_the_others() -> None:
    pace = Pace()
    pace.replied(5)

    assert next_wait_s(pace, failure(), failures=5, began=1, now=9) is None

    assert next_wait_s(pace, failure(), began=10, now=11) == 0.25


NOW = 1_789_997_600.0  # Mon, 21 Sep 2026 13:33:20 GMT


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1"}, 1.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "121"}, 121.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "NaN"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "-250", "retry-after": "9"}, 9.0),
        ({"retry-after": "Mon, 21 Sep 2026 13:33:27 GMT"}, 7.0),
        ({"retry-after": "Mon, 21 Sep 2026 13:33:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 21 Sep 2026 13:33:27 -0000"}, 7.0),
        (
            {
                "retry-after": "Mon, 21 Sep 2026 13:33:27 GMT",
                "date": "Mon, 21 Sep 2026 13:33:25 GMT",
            },
            2.0,
        ),
        ({"retry-after": "Mon, 21 Sep 2026 13:33:27 GMT", "date": "x"}, 7.0),
        ({"retry-after": "Mon, 21 Sep 100000 13:33:27 GMT"}, None),
        ({"retry-after": "Mon, 99 Foo 2026 99:99:99 GMT"}, None),
    ],
)
def test_every_form_of_retry_after_is_read(
    headers: dict[str, str], expected: float | None
) -> None:
    assert parse_retry_after(headers, now=NOW) == expected


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_retry_after_is_negative_or_breaks_anything(
    seconds: str, milliseconds: str, date: str
) -> None:
    headers = {"retry-after": seconds, "retry-after-ms": milliseconds, "date": date}

    pause = parse_retry_after(headers, now=NOW)

    assert pause is None or 0 <= pause < float("inf")
