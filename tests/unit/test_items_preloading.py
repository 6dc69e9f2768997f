"""Standing aside while replies come, so that imports do not get in their way."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

from pytest_promptopt.items.preloading import MOST_STEPS, STEP_S, stand_aside
from pytest_promptopt.models.engine import Reply
from pytest_promptopt.records import Completion

REPLY = Reply(Completion(text="well"), cached=False)


def replies(number: int, done: int = 0) -> list[Future[Reply]]:
    coming: list[Future[Reply]] = [Future() for _ in range(number)]
    for future in coming[:done]:
        future.set_result(REPLY)
    return coming


def test_where_no_reply_has_come_there_is_no_waiting() -> None:
    assert stand_aside(replies(50)) == 0


def test_where_all_replies_are_here_there_is_no_waiting() -> None:
    assert stand_aside(replies(50, done=50)) == 0


def test_replies_that_keep_coming_are_waited_for() -> None:
    coming = replies(12, done=1)

    def answer() -> None:
        for future in coming[1:]:
            time.sleep(STEP_S / 5)
            future.set_result(REPLY)

    answering = threading.Thread(target=answer)
    answering.start()
    stand_aside(coming)
    came = sum(future.done() for future in coming)
    answering.join()

    assert came > 1


def test_replies_that_stop_coming_are_not_waited_for() -> None:
    assert stand_aside(replies(50, done=20)) == 1


def test_replies_without_end_are_waited_for_a_tenth_of_a_second_at_most() -> None:
    coming = replies(20_000, done=1)
    stop = threading.Event()

    def answer() -> None:
        for future in coming[1:]:
            if stop.is_set():
                return
            future.set_result(REPLY)
            time.sleep(STEP_S / 10)

    answering = threading.Thread(target=answer)
    answering.start()
    steps = stand_aside(coming)
    stop.set()
    answering.join()

    assert steps <= MOST_STEPS
    assert not coming[-1].done()
