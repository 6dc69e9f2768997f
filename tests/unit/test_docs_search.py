"""What docs/search.md says, against the code."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_promptopt.optimize.objective import EQUAL_ABOVE
from pytest_promptopt.optimize.preflight import (
    CONFIRMED_AT_ONCE,
    FINALISTS,
    FRESH_TRIALS,
    MIN_HOLDOUT,
    MIN_PROPOSALS,
)
from pytest_promptopt.optimize.racing import (
    FEWEST_CASES,
    FIRST,
    LEVEL,
    MOST_KEPT,
    USUAL_CASES,
    USUAL_GAP,
    kept,
)
from pytest_promptopt.report.proposal import MOST
from pytest_promptopt.stats import alpha_for_look, smallest_confirmable_gain
from pytest_promptopt.wording import points

PAGE = " ".join(
    (Path(__file__).parents[2] / "docs" / "search.md").read_text("utf-8").split()
)


def test_the_gains_that_can_be_confirmed_are_those_of_the_page() -> None:
    told = re.search(
        r"a gain of (\d+) points on 30 hold-out cases, (\d+) on 60, (\d+) on 100 and "
        r"(\d+) on 300",
        PAGE,
    )

    assert told is not None
    for number, cases in zip(told.groups(), (30, 60, 100, 300), strict=True):
        gain = smallest_confirmable_gain(cases, alpha_for_look(0))
        assert points(round(gain, 2)) == f"{number}.0 points"


def test_the_numbers_of_the_confirmation_are_those_of_the_page() -> None:
    assert (FINALISTS, FRESH_TRIALS, CONFIRMED_AT_ONCE) == (5, 3, 2)
    assert "The five best on train get three more train trials each" in PAGE
    assert f"fewer than {MIN_HOLDOUT} hold-out cases" in PAGE
    assert f"buys fewer than {MIN_PROPOSALS} proposals" in PAGE
    assert f"more than {MOST:,} characters" in PAGE


def test_a_race_is_looked_at_when_the_page_says() -> None:
    assert f"From {FIRST:.0%} of the train cases on".replace("%", " %") in PAGE
    assert f"paired test (p <= {LEVEL})" in PAGE
    assert (MOST_KEPT, kept(8), kept(7)) == (3, 3, 2)
    assert "but for the best three of eight or more" in PAGE
    assert (USUAL_GAP, USUAL_CASES) == (-0.1, 20)
    assert "towards 10 points less, as if 20 more cases had shown that" in PAGE
    assert f"with fewer than {FEWEST_CASES} train cases there is no race" in PAGE


def test_texts_are_equal_where_the_page_says() -> None:
    assert f"(a paired p above {EQUAL_ABOVE}, on the train cases" in PAGE
