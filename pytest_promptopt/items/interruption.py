"""What prompt tests had done when they were interrupted, and ending without delay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_promptopt.items.conduct import Conduct
    from pytest_promptopt.items.pending import Pending
    from pytest_promptopt.suite import PromptSuite


class Interruption:
    """The hooks of a run that somebody stops, or looks into.

    Args:
        suite: The prompt tests of this process.
    """

    def __init__(self, suite: PromptSuite) -> None:
        self._suite = suite

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> None:
        """Stop paying at once; the replies that came are in the cache."""
        self._suite.interrupt()
        if not self._suite.config.option.fulltrace:
            shorten(excinfo)

    def pytest_enter_pdb(self) -> None:
        """Leave the terminal to the debugger."""
        self._suite.watch.end()


def told(conducts: Iterable[Conduct]) -> str:
    """Return how far prompt tests are, before their engine is closed.

    Args:
        conducts: Those that were planned.
    """
    done = total = calls = cached = 0
    for conduct in conducts:
        sent = conduct.rounds.sent if conduct.has_begun else []
        tallies = [conduct.tally]
        if conduct.driver is not None:
            tallies.append(conduct.driver.tally)
            sent = [*sent, *conduct.driver.trials]
        total += len(sent)
        done += sum(_is_done(pending) for pending in sent)
        calls += sum(tally.calls for tally in tallies) + sum(map(_has_come, sent))
        cached += sum(tally.cached for tally in tallies)
    from pytest_promptopt.report.progress import interrupted_line

    return interrupted_line(done, total, calls, cached)


def shorten(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Leave of a traceback what is shown without ``--full-trace``: its end.

    Else pytest parses the source of every function on the way, its own and ours, which
    takes longer than all the rest of the end of a run.
    """
    trace = excinfo.traceback
    shown = [at for at, entry in enumerate(trace) if not entry.ishidden(excinfo)]
    if shown:
        excinfo.traceback = trace[shown[-1] :]


def _is_done(pending: Pending) -> bool:
    return pending.judged is not None or pending.lost is not None


def _has_come(pending: Pending) -> bool:
    """Return whether a reply is there that nobody has looked at yet."""
    reply = pending.reply
    if reply is None or pending.completion is not None or not reply.done():
        return False
    return not reply.cancelled() and reply.exception() is None
