"""What is needed once replies come, loaded while the first requests are on their way.

A run imports what its first request takes, sends it, and has the time of a round trip
for everything else: judging, the gate, statistics, the report.
"""

from __future__ import annotations

import sys
from concurrent.futures import wait
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future

    from pytest_promptopt.items.planning import Mode
    from pytest_promptopt.models.engine import Reply

HEAD_START_S = 0.015
"""How long the engine has the interpreter to itself, to open its connections and send
the first requests; in seconds."""

STEP_S = 0.005
MOST_STEPS = 20
"""How long, and how often in a row, replies that keep coming are left to themselves.

Imports and the engine would hand the interpreter to and fro, at every file and every
socket: measured, that is up to 1,500 hand-overs and some 5 ms of processor time, once
in a run.
"""

ALWAYS = (
    "progress",
    "items.body",
    "items.explaining",
    "items.result",
    "items.settling",
    "gate.single",
    "conclusion",
    "pull_request",
)
BY_MODE: Mapping[Mode, tuple[str, ...]] = {
    "record": ("items.recording", "baseline.text"),
    "unedited": ("gate.unedited",),
    "edited": ("items.comparison", "gate.rules", "gate.retrials"),
}


def preload(mode: Mode, coming: Sequence[Future[Reply]]) -> None:
    """Import what the verdict of one prompt test takes, as far as there is time for it.

    Args:
        mode: How it is judged.
        coming: The replies that are on their way.
    """
    names = [
        full
        for name in (*ALWAYS, *BY_MODE.get(mode, ()))
        if (full := f"pytest_promptopt.{name}") not in sys.modules
    ]
    if not (names and coming):
        return  # a run that the cache answers imports what it takes, and no more
    wait(coming[:1], timeout=HEAD_START_S)
    stand_aside(coming)
    for name in names:
        import_module(name)


def stand_aside(coming: Sequence[Future[Reply]]) -> int:
    """Wait as long as replies keep coming, and at most for a tenth of a second.

    Where an endpoint takes its time, this ends at once: then there is a pause to use.

    Args:
        coming: Replies in the order in which they were asked for.

    Returns:
        How many steps were waited, from 0 to :data:`MOST_STEPS`.
    """
    came = 0
    for steps in range(MOST_STEPS):
        before = came
        while came < len(coming) and coming[came].done():
            came += 1
        if came in (before, len(coming)):
            return steps
        # Not for each reply: to be woken is to ask for the interpreter.
        wait(coming[-1:], timeout=STEP_S)
    return MOST_STEPS
