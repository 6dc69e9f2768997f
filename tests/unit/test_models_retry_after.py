"""The pause that a response asks for (fault F1), whatever the clocks say (F17)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.models.retry_after import asked_pause_s

NOW = 1_789_997_600.0  # Mon, 21 Sep 2026 13:33:20 GMT
LATER = "Mon, 21 Sep 2026 13:33:27 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1"}, 1.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": " 2 "}, 2.0),
        ({"retry-after": "121"}, 121.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "NaN"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e400"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "-250", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "NaN"}, None),
        ({"retry-after": LATER}, 7.0),
        ({"retry-after": "Mon, 21 Sep 2026 13:33:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 21 Sep 2026 13:33:27 -0000"}, 7.0),
        ({"retry-after": LATER, "date": "x"}, 7.0),
        ({"retry-after": "Mon, 21 Sep 100000 13:33:27 GMT"}, None),
        ({"retry-after": "Mon, 99 Foo 2026 99:99:99 GMT"}, None),
    ],
)
def test_every_form_of_retry_after_is_read(
    headers: dict[str, str], expected: float | None
) -> None:
    for status in (429, 503):
        assert asked_pause_s(headers, status=status, now=NOW) == expected


@pytest.mark.parametrize("skew_s", [0, 3600, -3600, 10 * 365 * 86_400])
def test_a_date_is_measured_by_the_services_own_clock(skew_s: float) -> None:
    headers = {"retry-after": LATER, "date": "Mon, 21 Sep 2026 13:33:25 GMT"}

    assert asked_pause_s(headers, status=429, now=NOW + skew_s) == 2.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"reset-requests": "1s"}, 1.0),
        ({"reset-requests": "17ms"}, 0.017),
        ({"reset-tokens": "1m2.5s"}, 62.5),
        ({"reset-tokens": "6m0s"}, None),
        ({"reset": "3"}, 3.0),
        ({"reset": str(NOW + 4)}, 4.0),
        ({"reset": str(int((NOW + 4) * 1000))}, 4.0),
        ({"reset-requests": "2026-09-21T13:33:25Z"}, 5.0),
        ({"reset-requests": "2026-09-21T13:33:00+00:00"}, 0.0),
        ({"reset-requests": "-1"}, None),
        ({"reset-requests": "1x"}, None),
        ({"reset-requests": "NaN"}, None),
        ({"reset-requests": "6m0s", "reset-tokens": "2s"}, 2.0),
        ({"reset-requests": "9s", "remaining-requests": "3"}, None),
        (
            {
                "reset-requests": "1s",
                "remaining-requests": "99",
                "reset-tokens": "8s",
                "remaining-tokens": "0",
            },
            8.0,
        ),
    ],
)
def test_without_it_the_limit_that_is_used_up_tells_the_pause(
    headers: dict[str, str], expected: float | None
) -> None:
    named = {f"x-ratelimit-{name}": text for name, text in headers.items()}

    assert asked_pause_s(named, status=429, now=NOW) == expected
    assert asked_pause_s(named, status=500, now=NOW) is None
    assert asked_pause_s({**named, "retry-after": "7"}, status=429, now=NOW) == 7.0


@settings(max_examples=60)
@given(st.lists(st.text(max_size=40), min_size=5, max_size=5))
def test_no_text_is_negative_or_breaks_anything(texts: list[str]) -> None:
    names = ("retry-after", "retry-after-ms", "date", "x-ratelimit-reset", "x")
    headers = dict(zip(names, texts, strict=True))

    pause = asked_pause_s(headers, status=429, now=NOW)

    assert pause is None or 0 <= pause < float("inf")
