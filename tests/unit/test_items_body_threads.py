"""Threads that run bodies: their order, and what becomes of them after a fault."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from pytest_promptopt.items import body_threads


def nothing() -> None:
    return


def raising(error: BaseException) -> Callable[[], None]:
    def job() -> None:
        raise error

    return job


def test_futures_stand_in_the_order_of_the_jobs_and_run_at_once() -> None:
    together = threading.Barrier(3, timeout=10)
    ran: list[int] = []

    def job(number: int) -> Callable[[], None]:
        def run() -> None:
            together.wait()
            ran.append(number)

        return run

    with body_threads.running([job(number) for number in range(6)], 3) as futures:
        for future in futures:
            future.result(timeout=10)

    assert sorted(ran) == list(range(6))


def test_no_job_needs_no_thread() -> None:
    with body_threads.running([], 4) as futures:
        assert futures == []


def test_ctrl_c_does_not_wait_for_a_body_that_hangs() -> None:
    freed = threading.Event()

    def hang() -> None:
        freed.wait(30)

    with (
        pytest.raises(KeyboardInterrupt),
        body_threads.running([hang, raising(KeyboardInterrupt()), nothing], 2) as jobs,
    ):
        jobs[1].result(timeout=10)

    hanging, _, _ = jobs
    assert not hanging.done()
    freed.set()
    hanging.result(timeout=10)


def test_after_another_fault_what_runs_is_waited_for_and_the_rest_left_out() -> None:
    begun, freed = threading.Event(), threading.Event()
    ran: list[str] = []

    def slow() -> None:
        begun.set()
        freed.wait(10)
        ran.append("slow")

    def fail() -> None:
        begun.wait(10)
        raise ValueError("no")

    threading.Timer(0.05, freed.set).start()
    jobs = [slow, *[lambda: ran.append("late")] * 4]
    with (
        pytest.raises(ValueError, match="no"),
        body_threads.running(jobs, 1) as futures,
    ):
        fail()

    assert ran == ["slow"]
    assert [future.cancelled() for future in futures[1:]] == [True] * 4
