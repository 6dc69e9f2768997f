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
    for name in names:
        import_module(name)
