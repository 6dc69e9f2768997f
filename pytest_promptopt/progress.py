"""Counting what is judged while a run is under way, and showing it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.canvas import canvas_for
from pytest_promptopt.items.watching import UNSEEN, Watch
from pytest_promptopt.report.progress import Standing

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    import pytest

    from pytest_promptopt.canvas import Canvas
    from pytest_promptopt.items.pending import Batch, Pending, Tally
    from pytest_promptopt.items.prompt_test import Arm

LOOKED_S = 0.1
"""Between two looks at the clock while nothing comes."""

RATED_S = 5.0
"""Over how long the rate of calls is taken."""

SEARCHING = ("search", "holdout")
"""Purposes of the draws of a search."""


def watch_for(config: pytest.Config, repeated: Callable[[], int]) -> Watch:
    """Return what shows how far the run of this process is, if anything does.

    Args:
        config: The configuration of this process.
        repeated: Returns how many requests were sent again so far.
    """
    canvas = canvas_for(config)
    return UNSEEN if canvas is None else Progress(canvas, repeated)


@dataclass(slots=True, kw_only=True)
class _Counts:
    """What is known about the prompt test that runs."""

    name: str = ""
    done: int = 0
    total: int = 0
    one_each: bool = True
    searching: bool = False
    under_test: Arm | None = None
    tally: Tally | None = None
    calls: int = 0
    right: float = 0.0
    scored: int = 0
    cost: float | None = 0.0


class Progress(Watch):
    """Counts what is judged, and shows it in the thread that made it.

    Args:
        canvas: Where it is shown.
        repeated: Returns how many requests were sent again so far.
        clock: Monotonic, in seconds.
    """

    def __init__(
        self,
        canvas: Canvas,
        repeated: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._canvas = canvas
        self._repeated = repeated
        self._clock = clock
        self._thread = threading.get_ident()
        self._counts = _Counts()
        self._calls_before = 0
        self._rated: deque[tuple[float, int]] = deque()
        self._next_at = clock() + canvas.every_s

    def begin(self, nodeid: str) -> None:
        """Take note of the prompt test that runs from now on."""
        self._renew(nodeid.rpartition("::")[2], None)
        after_s = self._canvas.after_s
        if after_s:
            self._next_at = self._clock() + after_s

    def end(self) -> None:
        """Make room for what others print."""
        self._canvas.erase()

    def close(self) -> None:
        """Let go of the terminal."""
        self._canvas.close()

    def asked(self, batch: Batch) -> None:
        """Take note of trials that are going to be judged."""
        if not batch:
            return
        first, last = batch[0], batch[-1]
        if first.draw.tally is not self._counts.tally:  # a search has one of its own
            self._renew(self._counts.name, first.draw.tally)
        counts = self._counts
        single = first.arm is last.arm and len(first.draw.indices) == 1
        counts.one_each = single and counts.total == 0
        counts.total += len(batch)
        counts.searching = first.draw.purpose in SEARCHING
        # Of several arms the one under test comes last, also in its cases.
        counts.under_test = None if counts.searching else last.arm
        self.tick()

    def judged(self, pending: Pending) -> None:
        """Take note of a trial that has its score, or is lost."""
        counts, tally = self._counts, pending.draw.tally
        counts.done += 1
        paid, counts.calls = tally.calls - counts.calls, tally.calls
        score = pending.judged.score.value if pending.judged is not None else None
        if pending.arm is counts.under_test and score is not None:
            counts.right += score
            counts.scored += 1
        if paid > 0 and counts.cost is not None:
            self._add_cost(pending)
        self.tick()

    def until(self, coming: Future[Any]) -> None:
        """Wait until something has come; what it is, or whether it fails, is left."""
        if threading.get_ident() != self._thread:
            return
        while not coming.done():
            self.tick()
            with contextlib.suppress(NotYet, CancelledError):
                coming.exception(timeout=LOOKED_S)

    def tick(self) -> None:
        """Show the line, if it is time and this is the main thread."""
        now = self._clock()
        if now < self._next_at or threading.get_ident() != self._thread:
            return
        self._next_at = now + self._canvas.every_s
        self._canvas.show(self._standing(now))

    def _renew(self, name: str, tally: Tally | None) -> None:
        self._calls_before += self._counts.calls
        self._counts = _Counts(name=name, tally=tally)

    def _add_cost(self, pending: Pending) -> None:
        counts, price = self._counts, pending.arm.price
        completions = [completion for _, completion, _ in pending.exchanges]
        if pending.completion is not None:
            completions.append(pending.completion)
        if price is None or counts.cost is None:
            counts.cost = None  # not known, which is not the same as nothing
        else:
            counts.cost += sum(price.cost(entry.usage) for entry in completions)

    def _standing(self, now: float) -> Standing:
        counts = self._counts
        calls = self._calls_before + counts.calls
        self._rated.append((now, calls))
        while len(self._rated) > 2 and self._rated[1][0] < now - RATED_S:
            self._rated.popleft()
        since, before = self._rated[0]
        return Standing(
            name=counts.name,
            done=counts.done,
            total=counts.total,
            unit="case" if counts.one_each else "trial",
            accuracy=counts.right / counts.scored if counts.scored else None,
            calls_per_s=(calls - before) / (now - since) if now > since else 0.0,
            cost=counts.cost,
            repeated=self._repeated(),
            searching=counts.searching,
        )
