"""Where a run shows how far it is: below pytest's line on a terminal, or in a log.

A test's output is captured while it runs. The live line goes to a copy of the file
descriptor of the terminal, so that nothing that bodies print, in whatever thread, gets
past the capture; a line in a log is printed with the capture suspended, as pytest does.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import pytest

from pytest_promptopt.configuration import is_worker
from pytest_promptopt.report.progress import standing_line

if TYPE_CHECKING:
    from pytest_promptopt.report.progress import Standing

DRAWN_S = 0.1
"""Between two drawings of the live line."""

PRINTED_S = 30.0
"""Between two lines of a log: a run that is shorter prints none."""


class Canvas(Protocol):
    """Where a line is shown.

    Attributes:
        every_s: The least time between two showings, in seconds.
        after_s: How long a prompt test runs before it is shown, in seconds.
    """

    every_s: float
    after_s: float

    def show(self, standing: Standing) -> None:
        """Show how far a test is, in the place of what was shown before."""

    def erase(self) -> None:
        """Make room for what somebody else prints."""

    def close(self) -> None:
        """Let go of the terminal."""


def canvas_for(config: pytest.Config) -> Canvas | None:
    """Return where the run of this process is shown.

    Returns:
        ``None`` under ``-q``, without pytest's terminal reporter, and in a worker of
        pytest-xdist, which has no terminal.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if is_worker(config) or reporter is None or config.get_verbosity() < 0:
        return None
    own = type(reporter) is pytest.TerminalReporter
    terminal = _terminal(config) if own and _is_left_alone(config) else None
    return LogLines(config) if terminal is None else LiveLine(config, terminal)


def _is_left_alone(config: pytest.Config) -> bool:
    """Return whether nobody else writes to the terminal while a test runs."""
    option = config.option
    captured = getattr(option, "capture", "no") in ("fd", "sys")
    logged = config.getini("log_cli") or getattr(option, "log_cli_level", None)
    # A dumb terminal, and the console of an old Windows, cannot move its cursor up.
    moves = os.environ.get("TERM") != "dumb" and (
        os.name != "nt" or "WT_SESSION" in os.environ
    )
    return captured and not logged and moves


def _terminal(config: pytest.Config) -> TextIO | None:
    with _uncaptured(config):
        try:
            if not sys.stdout.isatty():
                return None
            return os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
        except (AttributeError, OSError, ValueError):
            return None  # something in the place of a file


def _uncaptured(config: pytest.Config) -> contextlib.AbstractContextManager[None]:
    manager = config.pluginmanager.get_plugin("capturemanager")
    if manager is None:
        return contextlib.nullcontext()
    suspended: contextlib.AbstractContextManager[None] = (
        manager.global_and_fixture_disabled()
    )
    return suspended


class LiveLine:
    """A line below the one that pytest is writing, redrawn in place.

    Args:
        config: The configuration of this process.
        terminal: The terminal; closed with the line.
    """

    every_s = DRAWN_S
    after_s = 3 * DRAWN_S

    def __init__(self, config: pytest.Config, terminal: TextIO) -> None:
        self._writer = config.get_terminal_writer()
        self._terminal = terminal
        self._shown = False

    def show(self, standing: Standing) -> None:
        """Show how far a test is, in the place of what was shown before."""
        line = standing_line(standing, self._writer.fullwidth)
        if line:
            self._write_below(line)
            self._shown = True

    def erase(self) -> None:
        """Leave the terminal as it was."""
        if self._shown:
            self._write_below("")
            self._shown = False

    def close(self) -> None:
        """Let go of the terminal."""
        self.erase()
        with contextlib.suppress(OSError):
            self._terminal.close()

    def _write_below(self, line: str) -> None:
        column = min(self._writer.width_of_current_line, self._writer.fullwidth - 1)
        back = f"\x1b[{column}C" if column else ""
        # A terminal that has gone, or is closed, is nobody's loss: the run goes on.
        with contextlib.suppress(OSError, ValueError):
            self._terminal.write(f"\n\r{line}\x1b[K\x1b[A\r{back}")
            self._terminal.flush()


class LogLines:
    """A line of its own at times, for a log that is read later.

    Args:
        config: The configuration of this process.
    """

    every_s = PRINTED_S
    after_s = 0.0

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")

    def show(self, standing: Standing) -> None:
        """Print how far a test is."""
        with _uncaptured(self._config):
            self._reporter.ensure_newline()
            self._reporter.write_line(standing_line(standing))

    def erase(self) -> None:
        """Leave what is printed."""

    def close(self) -> None:
        """Leave the terminal to pytest."""
