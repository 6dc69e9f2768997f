"""The screen of a run: what pytest writes to, and how failures are made to fit it."""

from __future__ import annotations

import os
from typing import Any

from pytest_promptopt.report.screen import Screen


def screen_of(reporter: Any) -> Screen:
    """Return what pytest's terminal reporter writes to.

    Lines are broken where a reader's terminal would break them anyway: on one that is
    there, and where ``COLUMNS`` says how wide one is meant to be. A log keeps them
    whole, so that a search finds what they say.
    """
    writer = reporter.config.get_terminal_writer()
    file = getattr(writer, "_file", None)  # there is no public way to it
    return Screen(
        width=writer.fullwidth,
        wraps=bool(reporter.isatty) or bool(os.environ.get("COLUMNS")),
        encoding=getattr(file, "encoding", None) or "utf-8",
    )


def fit_failures(reporter: Any) -> None:
    """Break the texts of failing prompt tests to fit the terminal they are shown on.

    To be called when every other report has been made of them, and before pytest shows
    them.
    """
    screen = screen_of(reporter)
    if not screen.wraps:
        return
    for report in reporter.stats.get("failed", ()):
        if getattr(report, "promptopt", None) is not None:
            _fit(report.longrepr, screen)


def _fit(longrepr: Any, screen: Screen) -> None:
    traceback = getattr(longrepr, "reprtraceback", None)
    for entry in getattr(traceback, "reprentries", ()):
        if getattr(entry, "style", "") == "value":  # a text without a traceback
            entry.lines = [part for line in entry.lines for part in screen.lines(line)]
