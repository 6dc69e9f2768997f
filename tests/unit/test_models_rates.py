"""Requests and tokens per minute are never exceeded, by a clock of the test's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lane_world import World

from pytest_promptopt.models import providers_from
from pytest_promptopt.models.chat import NamedModel
from pytest_promptopt.models.openai_model import OpenAIModel
from pytest_promptopt.models.rates import MINUTE_S, Limits, Rates, Window
from pytest_promptopt.records import Completion, Message, Request, Usage
from pytest_promptopt.tables import tables_of


def request(text: str = "hello", **model_settings: object) -> Request:
    messages = (Message(role="user", content=text),)
    return Request(messages=messages, settings=model_settings)


def busiest_minute(taken: list[tuple[float, float]]) -> float:
    return max(
        sum(amount for at, amount in taken if first <= at < first + 60.0)
        for first, _ in taken
    )


@settings(max_examples=60)
@given(
    limit=st.floats(0.5, 20),
    steps=st.lists(
        st.tuples(st.floats(0, 30), st.floats(0.1, 12), st.floats(0, 1)), max_size=40
    ),
)
def test_no_minute_ever_has_more_than_the_limit(
    limit: float, steps: list[tuple[float, float, float]]
) -> None:
    window = Window(limit, unit=0.1)
    taken: list[tuple[float, float]] = []
    now = 0.0
    for idle_s, amount, really in steps:
        now = window.opens_at(now + idle_s, amount)
        assert window.opens_at(now, amount) == now
        entry = window.take(now, amount)
        if amount <= limit:  # one that is above it goes alone
            taken.append((now, amount * really))
        window.correct(entry, amount * really)

    assert not taken or busiest_minute(taken) <= limit * (1 + 1e-9)


def test_requests_wait_for_the_first_one_to_be_a_minute_old() -> None:
    window = Window(3)
    for now in (0.0, 1.0, 2.0):
        window.take(now, 1)

    assert window.opens_at(2.0, 1) == MINUTE_S
    assert window.opens_at(MINUTE_S, 1) == MINUTE_S
    assert window.opens_at(MINUTE_S, 2) == MINUTE_S + 1


def test_what_is_above_the_limit_is_sent_alone() -> None:
    window = Window(10)
    window.take(0.0, 4)

    assert window.opens_at(1.0, 25) == MINUTE_S
    window.take(MINUTE_S, 25)
    assert window.opens_at(MINUTE_S, 1) == 2 * MINUTE_S


@pytest.mark.parametrize("processes", [1, 4])
def test_processes_divide_the_limits_among_them(processes: int) -> None:
    limits = Limits(account="house", requests_per_minute=8)
    rates = [Rates(limits, processes=processes) for _ in range(processes)]

    for one in rates:
        for _ in range(8 // processes):
            assert one.opens_at(0.0, request()) == 0.0
            one.take(0.0, request())

    assert [one.opens_at(0.0, request()) for one in rates] == [MINUTE_S] * processes


def test_less_than_one_request_a_minute_for_a_process_takes_longer() -> None:
    rates = Rates(Limits(account="house", requests_per_minute=2), processes=8)
    rates.take(0.0, request())

    assert rates.opens_at(0.0, request()) == 4 * MINUTE_S


def test_tokens_are_guessed_at_first_and_known_from_the_first_reply_on() -> None:
    rates = Rates(Limits(account="house", tokens_per_minute=1000))
    long = request("word " * 300)

    first = rates.take(
        0.0, long
    )  # 500 tokens and more for the prompt, 500 for the reply
    assert rates.opens_at(0.0, long) == MINUTE_S
    rates.settle(first, Usage(prompt_tokens=310, completion_tokens=2))

    assert rates.opens_at(0.0, long) == 0.0
    rates.take(0.0, long)
    rates.take(0.0, long)
    assert rates.opens_at(0.0, long) == MINUTE_S


def test_a_limit_of_the_reply_is_what_it_is_guessed_to_have() -> None:
    rates = Rates(Limits(account="house", tokens_per_minute=1000))
    short = request(max_tokens=100)
    number = 0

    while rates.opens_at(0.0, short) == 0.0:
        rates.take(0.0, short)
        number += 1

    assert 6 <= number <= 9


def test_a_reply_without_usage_keeps_the_guess_and_a_refusal_costs_nothing() -> None:
    rates = Rates(Limits(account="house", tokens_per_minute=600))
    taken = rates.take(0.0, request())
    rates.settle(taken, Usage())
    assert rates.opens_at(0.0, request()) == MINUTE_S

    rates.give_back(taken)
    assert rates.opens_at(0.0, request()) == 0.0


def test_a_run_keeps_to_the_limit_and_wastes_no_time() -> None:
    limits = Limits(account="house", requests_per_minute=60)
    world = World(lambda _: (0.5, None), limits=limits)
    world.queue(200)

    world.run()

    assert len(world.replies) == 200
    assert busiest_minute([(at, 1.0) for at in world.sent]) <= 60
    assert world.now - world.sent[0] <= 3 * MINUTE_S + 20


def test_the_limits_of_the_page_can_be_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "engine.md").read_text("utf-8")
    (block,) = re.findall(r"<!-- toml: rates -->\n```toml\n(.*?)```", page, re.DOTALL)

    tables = tables_of(block, Path("pyproject.toml"))
    house = providers_from(tables["providers"])["house"]

    assert NamedModel("house:m", OpenAIModel("m", house)).limits == Limits(
        account="house", requests_per_minute=500, tokens_per_minute=200_000
    )
    assert house.deadline_s == 600.0


class House:
    account = "house"
    requests_per_minute = 10

    def complete(self, request: Request) -> Completion:
        return Completion(text=request.messages[0].content)


def test_a_model_of_ones_own_may_say_its_limits() -> None:
    assert NamedModel("house:m", House()).limits == Limits(
        account="house", requests_per_minute=10
    )
    assert NamedModel("house:m", House()).deadline_s is None
