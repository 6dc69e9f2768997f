"""An endpoint that stops answering: how long it is waited for, and what is said."""

from __future__ import annotations

import re

import pytest
from lane_world import World, failure

from pytest_promptopt.errors import ModelError, ProviderOutage


def away(
    *, since: float, until: float = float("inf"), slots: int = 32
) -> tuple[World, list[float]]:
    """Return a world whose endpoint is away for a time, and when it was asked then."""
    asked: list[float] = []

    def answering(now: float) -> tuple[float, ModelError | None]:
        if not since <= now - 1000 < until:
            return 0.5, None
        asked.append(now - 1000)
        return 0.02, failure(503)

    return World(answering, slots=slots), asked


@pytest.mark.parametrize("slots", [1, 32])
@pytest.mark.parametrize("for_s", [5.0, 30.0, 50.0])
def test_an_outage_of_less_than_a_minute_loses_nothing(
    slots: int, for_s: float
) -> None:
    world, asked = away(since=3.0, until=3.0 + for_s, slots=slots)
    world.queue(500)

    world.run()

    assert world.lost == {}
    assert len(world.replies) == 500
    assert len(asked) <= slots + 30
    assert world.now - 1000 <= 500 * 0.5 / slots + for_s + 12


def test_after_a_minute_without_a_reply_the_rest_is_an_error_at_once() -> None:
    world, asked = away(since=3.0)
    world.queue(500)

    world.run()

    errors = list(world.lost.values())
    assert len(world.replies) + len(errors) == 500
    assert 60 <= world.now - 1003 <= 62
    assert len(asked) <= 32 + 30
    assert all(isinstance(error, ProviderOutage) for error in errors)
    (said,) = {str(error) for error in errors}
    assert re.sub(r"\d\d:\d\d:\d\d", "HH:MM:SS", said) == (
        "no reply from model 'house:m' for 60 s, since HH:MM:SS: 39 requests failed, "
        f"the last one with: it said 503; nothing more is sent to it, and the "
        f"{len(world.replies)} replies that came before are kept\n"
        "  hint: run it again when the provider is back: what was answered is not "
        "asked again; or let such tests be skipped with promptopt_on_outage = skip"
    )


def test_what_is_asked_after_that_is_not_sent() -> None:
    world, _ = away(since=0.0)
    world.queue(40)
    world.run()
    sent = len(world.sent)

    world.queue(5)
    world.run()

    assert len(world.lost) == 45
    assert len(world.sent) == sent


def test_a_pause_that_was_asked_for_is_no_outage() -> None:
    world = World(
        lambda now: (
            (0.05, None)
            if now - 1000 >= 110
            else (0.05, failure(429, retry_after_s=1110 - now))
        )
    )
    world.queue(100)

    world.run()

    assert world.lost == {}
    assert len(world.sent) <= 150


def test_all_requests_that_hang_are_an_outage_too() -> None:
    world = World(lambda _: (60.0, failure(None)), slots=8)
    world.queue(30)

    world.run()

    assert len(world.lost) == 30
    assert world.now - 1000 <= 140


def test_two_requests_are_too_few_to_call_it_an_outage() -> None:
    world = World(lambda _: (0.05, failure(503)), slots=2)
    world.queue(2)

    world.run()

    assert {str(error) for error in world.lost.values()} == {str(failure(503))}
    assert 50 <= world.now - 1000 <= 75
    assert world.lane.health.closed_for({}) is None


def test_an_endpoint_that_never_answered_is_given_up_by_one_request_alone() -> None:
    world = World(lambda _: (0.0, failure(None)), slots=1)
    world.queue(1)

    world.run()
    world.queue(41)
    world.run()

    assert len(world.lost) == 42
    assert all(isinstance(e, ProviderOutage) for e in list(world.lost.values())[1:])
    assert 8.0 <= world.now - 1000 <= 9.0
