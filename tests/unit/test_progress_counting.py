"""Counting what is judged: when a line is shown, and from which thread."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

import pytest

from pytest_promptopt.items.body import Judged
from pytest_promptopt.items.pending import Draw, Pending, Tally
from pytest_promptopt.items.prompt_test import Arm
from pytest_promptopt.models.prices import Price
from pytest_promptopt.progress import Progress
from pytest_promptopt.records import Case, Completion, Score, Usage
from pytest_promptopt.report.progress import Standing

PRICE = Price(input=1_000_000.0, output=0.0)  # a dollar for each token


class Shown:
    """A canvas that keeps what it is given."""

    every_s = 1.0
    after_s = 2.0

    def __init__(self) -> None:
        self.standings: list[Standing] = []

    def show(self, standing: Standing) -> None:
        self.standings.append(standing)

    def erase(self) -> None:
        pass

    def close(self) -> None:
        pass


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def arm(price: Price | None = None) -> Arm:
    nobody: Any = None
    return Arm(prompt=nobody, model=nobody, settings={}, price=price)


def batch_of(
    number: int, *arms: Arm, trials: int = 1, purpose: str = "gate"
) -> list[Pending]:
    draw = Draw(purpose=purpose, run="", indices=range(trials), tally=Tally())
    return [
        Pending(arm=each, case=Case(id=f"c{at}", inputs={}), index=index, draw=draw)
        for at in range(number)
        for index in range(trials)
        for each in arms
    ]


def judge(progress: Progress, pending: Pending, value: float | None) -> None:
    pending.draw.tally.calls += 1
    pending.completion = Completion(text="x", usage=Usage(prompt_tokens=2))
    score = Score.unscored("skipped") if value is None else Score(value=value)
    pending.judged = Judged(score)
    progress.judged(pending)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def progress(shown: Shown, clock: Clock) -> Progress:
    made = Progress(shown, lambda: 3, clock)
    made.begin("tests/test_sort.py::TestIt::test_sort[a]")
    return made


def test_nothing_is_shown_of_a_test_that_is_over_soon_and_then_not_too_often(
    progress: Progress, shown: Shown, clock: Clock
) -> None:
    for _ in range(50):
        progress.tick()
        clock.now += 0.1

    assert len(shown.standings) == 3


def test_cases_accuracy_cost_and_calls_a_second_are_those_of_the_test(
    progress: Progress, shown: Shown, clock: Clock
) -> None:
    batch = batch_of(4, arm(PRICE))
    progress.asked(batch)
    clock.now += 2
    judge(progress, batch[0], 1.0)
    judge(progress, batch[1], 0.0)
    clock.now += 2
    judge(progress, batch[2], None)

    assert shown.standings[-1] == Standing(
        name="test_sort[a]",
        done=3,
        total=4,
        accuracy=0.5,
        calls_per_s=1.0,
        cost=6.0,
        repeated=3,
    )


def test_of_two_arms_only_the_one_under_test_has_an_accuracy(
    progress: Progress, shown: Shown, clock: Clock
) -> None:
    old, new = arm(), arm()
    batch = batch_of(2, old, new, trials=2)
    progress.asked(batch)
    for pending in batch:
        judge(progress, pending, 1.0 if pending.arm is new else 0.0)
    clock.now += 5
    progress.tick()

    last = shown.standings[-1]
    assert (last.done, last.total, last.unit, last.accuracy) == (8, 8, "trial", 1.0)
    assert last.cost is None  # not known, which is not nothing


def test_a_search_has_no_total_and_no_accuracy(
    progress: Progress, shown: Shown, clock: Clock
) -> None:
    progress.asked(batch_of(2, arm()))
    searched = batch_of(3, arm(), arm(), purpose="search")
    progress.asked(searched)
    for pending in searched:
        judge(progress, pending, 1.0)
    clock.now += 5
    progress.tick()

    last = shown.standings[-1]
    assert (last.searching, last.done, last.accuracy) == (True, 6, None)


def test_only_the_thread_that_made_it_shows_anything(
    progress: Progress, shown: Shown, clock: Clock
) -> None:
    clock.now += 10
    other = threading.Thread(target=progress.tick)
    other.start()
    other.join()
    assert shown.standings == []

    progress.tick()

    assert len(shown.standings) == 1


def test_waiting_leaves_what_comes_as_it_is(
    progress: Progress, shown: Shown, clock: Clock
) -> None:
    failed: Future[None] = Future()
    failed.set_exception(ValueError("no"))
    cancelled: Future[None] = Future()
    cancelled.cancel()
    late: Future[None] = Future()
    threading.Timer(0.05, late.set_result, (None,)).start()
    clock.now += 10

    for coming in (failed, cancelled, late):
        progress.until(coming)

    assert late.done()
    assert len(shown.standings) == 1
