"""How the rate of requests follows an endpoint's limit, in simulated time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from lane_world import Bucket, World, failure

from pytest_promptopt.models.throttle import Throttle

if TYPE_CHECKING:
    from pytest_promptopt.errors import ModelError


@pytest.mark.parametrize(
    ("rate", "burst", "most"),
    [
        pytest.param(50, 10, 1.10, id="50 a second, 10 at once"),
        pytest.param(200, 200, 1.10, id="200 a second, 200 at once"),
        pytest.param(50, 1, 1.40, id="50 a second, one at a time"),
        pytest.param(20, 40, 1.15, id="20 a second, 40 at once"),
    ],
)
@pytest.mark.parametrize("retry_after_s", [1.0, None])
def test_a_limit_is_used_to_the_full_and_hardly_ever_run_into(
    rate: float, burst: float, most: float, retry_after_s: float | None
) -> None:
    endpoint = Bucket(rate=rate, burst=burst, retry_after_s=retry_after_s)
    world = World(endpoint)
    world.queue(500)

    world.run()

    accepted = len(world.sent) - endpoint.rejected
    ideal_s = (accepted - burst) / rate + endpoint.latency_s
    assert len(world.replies) == 500
    assert endpoint.rejected <= 0.05 * len(world.sent)
    assert world.now - world.sent[0] <= most * ideal_s
    assert world.most_in_flight <= 32


class Far:
    """A bucket behind a way that takes each request another time."""

    def __init__(self, bucket: Bucket, most_s: float, seed: int) -> None:
        self.bucket = bucket
        self.most_s = most_s
        self.draws = random.Random(seed)
        self.arrived = 0.0

    def __call__(self, now: float) -> tuple[float, ModelError | None]:
        there_s, back_s = (self.most_s * self.draws.random() for _ in range(2))
        self.arrived = max(self.arrived, now + there_s)
        took_s, error = self.bucket(self.arrived)
        return self.arrived - now + took_s + back_s, error


@pytest.mark.parametrize(
    ("burst", "most_s", "seed"), [(10, 0.002, 0), (10, 0.008, 2), (5, 0.002, 0)]
)
def test_a_limit_is_found_whatever_the_way_to_it_takes(
    burst: float, most_s: float, seed: int
) -> None:
    endpoint = Bucket(rate=50, burst=burst)
    world = World(Far(endpoint, most_s, seed))
    world.queue(500)

    world.run()

    ideal_s = (len(world.sent) - endpoint.rejected - burst) / 50 + endpoint.latency_s
    assert len(world.replies) == 500
    assert endpoint.rejected <= 0.05 * len(world.sent)
    assert world.now - world.sent[0] <= 1.15 * ideal_s


class Moody:
    """Refuses a share of what a bucket would take, however slowly it is asked."""

    def __init__(self, share: float, rate: float = 1e9) -> None:
        self.bucket = Bucket(rate=rate, burst=min(rate, 1e9) / 5, error_rate=0.0)
        self.share = share
        self.draws = random.Random(3)

    def __call__(self, now: float) -> tuple[float, ModelError | None]:
        if self.draws.random() < self.share:
            return 0.01, failure(429, retry_after_s=1.0)
        return self.bucket(now)


@pytest.mark.parametrize("share", [0.03, 0.10])
def test_an_endpoint_that_refuses_at_random_is_hardly_slowed(share: float) -> None:
    world = World(Moody(share))
    world.queue(600)

    world.run()

    # At full speed 0.9 s, and two seconds or three until the last ones may come again.
    assert len(world.replies) == 600
    assert world.now - world.sent[0] <= 8.0


@pytest.mark.parametrize(("rate", "share"), [(10, 0.05), (50, 0.03)])
def test_a_limit_beside_refusals_at_random_is_still_kept(
    rate: float, share: float
) -> None:
    endpoint = Moody(share, rate)
    world = World(endpoint)
    world.queue(500)

    world.run()

    assert len(world.replies) == 500
    assert endpoint.bucket.rejected <= 0.10 * len(world.sent)
    assert world.now - world.sent[0] <= 2.0 * 500 / (1 - share) / rate


def test_an_endpoint_without_a_limit_is_asked_as_fast_as_it_answers() -> None:
    world = World(Bucket(rate=1e9, burst=1e9, error_rate=0.0))
    world.queue(1000)

    world.run()

    assert world.now - world.sent[0] <= 1.05 * 1000 * 0.05 / 32


def test_errors_of_the_server_lower_no_rate() -> None:
    throttle = Throttle()
    for moment in range(20):
        throttle.started(float(moment))
        throttle.answered()

    assert throttle.rate(20.0) == float("inf")


def test_the_first_requests_do_not_all_go_before_the_first_answer() -> None:
    throttle = Throttle()

    starts: list[float] = []
    for _ in range(32):
        now = throttle.opens_at(starts[-1] if starts else 5.0)
        throttle.started(now)
        starts.append(now)

    assert starts[-1] - starts[0] == pytest.approx(0.031)
    throttle.answered()
    assert throttle.opens_at(6.0) == 6.0


def test_first_requests_that_come_late_are_made_up_for() -> None:
    throttle = Throttle()

    starts: list[float] = []
    for number in range(32):
        halts_s = 0.008 if number == 10 else 0.0
        now = throttle.opens_at(starts[-1] if starts else 5.0) + halts_s
        throttle.started(now)
        starts.append(now)

    assert starts[-1] - starts[0] == pytest.approx(0.031)


def test_a_limit_that_is_gone_is_forgotten() -> None:
    throttle = Throttle()
    for step in range(200):
        throttle.started(step / 100)
    throttle.refused(1.98, 2.0)
    throttle.refused(1.99, 2.0)

    rates = [throttle.rate(2.0 + after_s) for after_s in (0, 1, 5, 10, 60, 600)]

    assert rates[0] == pytest.approx(0.9 * 100, rel=0.02)
    assert rates[1] <= 1.002 * rates[0]
    assert rates[2] <= 1.13 * rates[0]
    assert rates[3] == pytest.approx(2 * rates[0])
    assert rates[4] > 100 * rates[0]
    throttle.started(602.0)
    assert throttle.rate(602.0) == float("inf")


def test_many_that_are_refused_together_lower_the_rate_once() -> None:
    throttle = Throttle()
    starts = [step / 100 for step in range(200)]
    for start in starts:
        throttle.started(start)

    closed = [throttle.refused(start, 2.0) for start in starts[-8:]]

    assert closed == [False] * 8
    assert throttle.rate(2.0) > 80


def test_refusals_in_the_first_second_do_not_halve_the_rate() -> None:
    # As measured: 50 a second, 10 at once, and a process that is still importing.
    throttle = Throttle()
    for starts, last, took_s in ((12, 0.018, 0.001), (13, 0.256, 0.001), (15, 0.56, 0)):
        first = last - 0.018 if starts == 12 else last - 0.02 * (starts - 1)
        apart_s = (last - first) / (starts - 1)
        for step in range(starts):
            throttle.started(5.0 + first + step * apart_s)
        sent_at = 5.0 + first + (starts - 1) * apart_s
        throttle.refused(sent_at, sent_at + took_s)

    assert 0.8 * 50 <= throttle.rate(5.56) <= 1.1 * 50


def test_one_that_is_refused_now_and_then_lowers_nothing() -> None:
    throttle = Throttle()
    for step in range(400):
        throttle.started(step / 100)
        if step % 120 == 119:
            assert not throttle.refused(step / 100, step / 100 + 0.005)

    assert throttle.rate(4.0) == float("inf")


def test_a_door_that_lets_nothing_through_is_closed() -> None:
    throttle = Throttle()
    closed = []
    for _ in range(4):
        now = throttle.opens_at(0.0)
        throttle.started(now)
        closed.append(throttle.refused(now, now + 0.01))

    assert closed == [False, False, True, True]


def test_after_a_pause_requests_come_back_one_by_one() -> None:
    throttle = Throttle()
    throttle.answered()
    throttle.paused(10.0)

    starts: list[float] = []
    while len(starts) < 32:
        now = throttle.opens_at(starts[-1] if starts else 9.0)
        throttle.started(now)
        starts.append(now)

    assert starts[0] == 10.0
    assert 0.5 <= starts[-1] - starts[0] <= 1.5
    assert max(sum(a <= b < a + 0.01 for b in starts) for a in starts[:8]) == 1
