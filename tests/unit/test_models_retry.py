"""When a failed request is sent again, and when a model is left alone (F1, F2, F5)."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lane_world import World, failure

from pytest_promptopt.errors import ModelError, ProviderOutage
from pytest_promptopt.models.retry import RetryPolicy

POLICY = RetryPolicy()
draws = st.floats(0, 1, exclude_max=True)


def always(error: ModelError, after_s: float = 0.01) -> World:
    return World(lambda _: (after_s, error))


def gaps(moments: list[float]) -> list[float]:
    return [round(later - earlier, 3) for earlier, later in pairwise(moments)]


def test_own_waiting_times_double_up_to_a_cap() -> None:
    waits = [POLICY.wait_s(n, 1.0, among_replies=False) for n in (1, 2, 3, 4, 5, 9999)]

    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_waiting_times_among_replies_begin_small_and_last_as_long_in_all() -> None:
    waits = [POLICY.wait_s(n, 1.0, among_replies=True) for n in range(1, 13)]

    assert waits[:4] == pytest.approx([0.001, 0.003, 0.009, 0.027])
    assert waits[-1] == 2.0
    assert sum(waits) == pytest.approx(11, abs=0.2)
    assert POLICY.wait_s(9999, 1.0, among_replies=True) == 2.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_quarter_of_failures_among_replies_adds_no_long_tail(seed: int) -> None:
    draws = random.Random(seed)

    def answering(_: float) -> tuple[float, ModelError | None]:
        return 0.05, failure(500) if draws.random() < 0.24 else None

    world = World(answering)
    world.queue(500)

    world.run()

    # Attempts that failed one after another are 50 ms each, and four or five are usual.
    assert len(world.replies) == 500
    assert world.now - world.sent[0] <= len(world.sent) / 32 * 0.05 + 0.25


@settings(max_examples=40)
@given(failures=st.integers(1, 40), draw=draws, among=st.booleans())
def test_jitter_shortens_an_own_waiting_time_to_no_less_than_half(
    *, failures: int, draw: float, among: bool
) -> None:
    longest = POLICY.wait_s(failures, 1.0, among_replies=among)

    wait = POLICY.wait_s(failures, draw, among_replies=among)

    assert longest / 2 <= wait <= longest


def test_an_endpoint_that_was_never_reached_is_given_up_soon() -> None:
    lone, many = always(failure(None)), always(failure(None))
    lone.queue(1)
    many.queue(500)

    lone.run()
    many.run()

    assert [str(error) for error in lone.lost.values()] == [str(failure(None))]
    assert len(lone.sent) == 5
    assert 3 <= lone.now - lone.sent[0] <= 8
    assert len(many.lost) == 500
    assert len(many.sent) <= 45
    assert many.now - many.sent[0] <= 8.1


def test_failures_among_replies_are_bad_luck_and_repeated_soon() -> None:
    seen: list[float] = []

    def answering(now: float) -> tuple[float, ModelError | None]:
        seen.append(now)
        return 0.05, failure(500) if len(seen) % 4 == 0 else None

    world = World(answering)
    world.queue(500)

    world.run()

    assert len(world.replies) == 500
    assert world.now - world.sent[0] <= 1.3 * len(seen) * 0.05 / 32


def test_one_request_that_can_never_succeed_is_no_outage() -> None:
    world = World(lambda _: (0.01, None), slots=1)
    world.queue(40)
    land = world._land
    world._land = lambda attempt, error: land(  # type: ignore[method-assign]
        attempt, failure(500) if attempt.flight.key == "r3" else error
    )

    world.run()

    assert sorted(world.lost) == ["r3"]
    assert not isinstance(world.lost["r3"], ProviderOutage)
    assert len(world.replies) == 39
    assert len(world.sent) == 39 + 13


@pytest.mark.parametrize("status", [401, 403, 404])
def test_ten_refusals_at_the_door_in_a_row_close_it(status: int) -> None:
    world = always(failure(status, retryable=False))
    world.queue(500)

    world.run()

    assert {str(error) for error in world.lost.values()} == {str(failure(status))}
    assert len(world.lost) == 500
    assert len(world.sent) <= 10 + 32


def test_a_reply_in_between_keeps_the_door_open() -> None:
    number = 0

    def answering(_: float) -> tuple[float, ModelError | None]:
        nonlocal number
        number += 1
        return 0.01, None if number % 9 == 0 else failure(404, retryable=False)

    world = World(answering, slots=1)
    world.queue(90)

    world.run()

    assert len(world.sent) == 90


def test_a_pause_is_never_cut_short_and_holds_for_every_request() -> None:
    number = 0

    def answering(_: float) -> tuple[float, ModelError | None]:
        nonlocal number
        number += 1
        return 0.01, failure(503, retry_after_s=20.0) if number == 5 else None

    world = World(answering, slots=4)
    world.queue(200)

    world.run()

    assert len(world.replies) == 200
    paused = max(range(len(world.sent) - 1), key=lambda at: gaps(world.sent)[at])
    assert gaps(world.sent)[paused] >= 20.0 - 0.02
    # and then they do not come all at once
    assert world.sent[paused + 4] - world.sent[paused + 1] >= 0.1


def test_200_rejected_requests_do_not_come_back_at_once() -> None:
    world = World(lambda now: (0.2, None if now > 1001 else failure(429)), slots=200)
    world.queue(200)

    world.run()

    assert len(world.replies) == 200
    again = [at for at in world.sent if at > 1001]
    assert max(sum(a <= b < a + 0.05 for b in again) for a in again[:100]) <= 60


def test_a_rejected_request_waits_what_it_was_asked_to() -> None:
    for asked_s in (0.0, 1.0, 119.0):
        rejected: list[float] = []

        def answering(
            now: float, asked_s: float = asked_s, rejected: list[float] = rejected
        ) -> tuple[float, ModelError | None]:
            if rejected:
                return 0.01, None
            rejected.append(now)
            return 0.01, failure(429, retry_after_s=asked_s)

        world = World(answering)
        world.queue(1)

        world.run()

        assert len(world.replies) == 1
        assert world.sent[1] - world.sent[0] >= asked_s
        assert world.sent[1] - world.sent[0] <= asked_s + 1.0


def test_a_pause_beyond_all_patience_loses_the_request_and_not_the_run() -> None:
    number = 0

    def answering(_: float) -> tuple[float, ModelError | None]:
        nonlocal number
        number += 1
        return 0.01, failure(429, retry_after_s=121.0) if number == 3 else None

    world = World(answering)
    world.queue(50)

    world.run()

    assert len(world.lost) == 1
    assert len(world.replies) == 49


@pytest.mark.parametrize("asked_s", [0.0, 0.5, 30.0, None])
def test_an_endpoint_that_says_nothing_but_429_ends_too(asked_s: float | None) -> None:
    world = always(failure(429, retry_after_s=asked_s))
    world.queue(200)

    world.run()

    assert len(world.lost) == 200
    assert world.now - world.sent[0] <= 60 + 2 * (asked_s or 0.0) + 1
    assert len(world.sent) <= 60


def test_nothing_is_sent_again_after_the_deadline() -> None:
    policy = replace(POLICY, deadline_s=5.0)
    world = World(lambda _: (2.0, failure(503)), slots=2, policy=policy)
    world.queue(2)

    world.run()

    assert {str(error) for error in world.lost.values()} == {str(failure(503))}
    assert world.now - world.sent[0] <= 7.1


def test_no_retries_means_none() -> None:
    world = World(
        lambda _: (0.01, failure(429, retry_after_s=0.0)),
        policy=replace(POLICY, retries=0),
    )
    world.queue(3)

    world.run()

    assert len(world.sent) == len(world.lost) == 3
