"""How far a run is: what the one line says, and what it leaves out first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_promptopt.report.progress import (
    SHORTEST,
    Standing,
    interrupted_line,
    standing_line,
)

WHOLE = Standing(
    name="test_sort",
    done=412,
    total=1000,
    accuracy=0.8131,
    calls_per_s=640.2,
    cost=0.1234,
    repeated=3,
)


@pytest.mark.parametrize(
    ("standing", "line"),
    [
        (
            WHOLE,
            "test_sort: 412 of 1,000 cases, 81.3% right so far, 640 calls/s, $0.12, "
            "3 requests sent again",
        ),
        (Standing(name="test_sort", done=0, total=1), "test_sort: 0 of 1 case"),
        (
            Standing(name="t", done=3, total=2400, unit="trial", calls_per_s=0.52),
            "t: 3 of 2,400 trials, 0.5 calls/s",
        ),
        (
            Standing(name="t", done=1, total=60, searching=True, cost=None),
            "t: searching, 1 trial so far",
        ),
    ],
)
def test_a_line_says_what_is_known_and_nothing_else(
    standing: Standing, line: str
) -> None:
    assert standing_line(standing) == line


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (
            80,
            "test_sort: 412 of 1,000 cases, 81.3% right so far, 640 calls/s, $0.12",
        ),
        (60, "test_sort: 412 of 1,000 cases, 81.3% right so far"),
        (34, "test_sort: 412 of 1,000 cases"),
        (25, "412 of 1,000 cases"),
        (20, ""),
    ],
)
def test_a_narrow_terminal_loses_what_matters_least(width: int, line: str) -> None:
    assert standing_line(WHOLE, width) == line


@settings(max_examples=50)
@given(st.text(max_size=40), st.integers(0, 200), st.integers(0, 10**9))
def test_no_line_is_as_wide_as_the_terminal_or_steers_it(
    name: str, width: int, done: int
) -> None:
    line = standing_line(Standing(name=name, done=done, total=10**9), width)

    assert len(line) < max(1, width)
    assert all(" " <= character <= "~" for character in line)
    assert line or width <= SHORTEST


@pytest.mark.parametrize(
    ("done", "total", "calls", "cached", "line"),
    [
        (
            412,
            1000,
            440,
            0,
            "interrupted after 412 of 1,000 trials judged, 440 calls: the replies that "
            "came are kept; run it again to go on",
        ),
        (
            0,
            2,
            1,
            1,
            "interrupted after 0 of 2 trials judged, 1 call, 1 from the cache: the "
            "replies that came are kept; run it again to go on",
        ),
        (
            0,
            0,
            0,
            0,
            "interrupted: the replies that came are kept; run it again to go on",
        ),
    ],
)
def test_an_interrupted_run_is_told_what_it_had_done(
    done: int, total: int, calls: int, cached: int, line: str
) -> None:
    assert interrupted_line(done, total, calls, cached) == line
