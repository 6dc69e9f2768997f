"""What the terminal shows: a failing test's text, and the section at the end."""

from pytest_promptopt.report.commands import commands, quoted
from pytest_promptopt.report.failure import failure
from pytest_promptopt.report.figures import one_line
from pytest_promptopt.report.lines import Line
from pytest_promptopt.report.screen import Screen
from pytest_promptopt.report.search_log import step_line
from pytest_promptopt.report.summary import RunEnd, summary

__all__ = [
    "Line",
    "RunEnd",
    "Screen",
    "commands",
    "failure",
    "one_line",
    "quoted",
    "step_line",
    "summary",
]
