"""What a limit may be set on: parts of a score, and what a reply took."""

from __future__ import annotations

import pytest

from pytest_promptopt.items.measures import measures_of
from pytest_promptopt.models.prices import Price
from pytest_promptopt.records import Completion, Score, Usage

RIGHT = Score(value=1.0)
PRICE = Price(input=0.25, output=2.0)


def reply(
    text: str = "yes", *, prompt: int = 0, out: int = 0, latency: float = 0.0
) -> Completion:
    usage = Usage(prompt_tokens=prompt, completion_tokens=out)
    return Completion(text=text, usage=usage, latency_s=latency)


def test_a_reply_is_measured_in_tokens_characters_seconds_and_dollars() -> None:
    replies = [reply(prompt=1000, out=20, latency=0.5)]

    assert measures_of(RIGHT, replies, PRICE, output="yes") == {
        "length": 3.0,
        "tokens": 1020.0,
        "output_tokens": 20.0,
        "latency": 0.5,
        "cost": pytest.approx(0.00029),
    }


def test_several_replies_to_one_case_are_added_up() -> None:
    replies = [
        reply(prompt=100, out=20, latency=0.5),
        reply(prompt=300, out=0, latency=0.25),
    ]

    measures = measures_of(RIGHT, replies, PRICE, output="the answer")

    assert measures == {
        "length": 10.0,
        "tokens": 420.0,
        "output_tokens": 20.0,
        "latency": 0.75,
        "cost": pytest.approx(0.00014),
    }


def test_without_a_price_there_is_no_cost() -> None:
    assert "cost" not in measures_of(RIGHT, [reply(prompt=9, out=1)], None, output="")


def test_what_the_provider_does_not_report_is_left_out() -> None:
    assert measures_of(RIGHT, [reply()], PRICE, output="yes") == {"length": 3.0}


def test_one_reply_without_usage_leaves_the_sum_unknown() -> None:
    replies = [reply(prompt=9, out=1, latency=0.5), reply()]

    assert measures_of(RIGHT, replies, PRICE, output="yes") == {"length": 3.0}


def test_a_body_that_asked_no_model_took_no_tokens_that_are_known() -> None:
    assert measures_of(RIGHT, [], PRICE, output="") == {"length": 0.0}


def test_the_parts_of_a_score_win_over_measures_of_the_same_name() -> None:
    score = Score(value=0.5, parts={"format": 1.0, "length": 0.25})

    measures = measures_of(score, [reply(prompt=9, out=1)], None, output="yes")

    assert measures == {
        "format": 1.0,
        "length": 0.25,
        "tokens": 10.0,
        "output_tokens": 1.0,
    }
