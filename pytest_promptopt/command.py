"""The console script ``promptopt``: from its first argument to a command's module.

A command is a module with two functions, and a line in :data:`COMMANDS`::

    def add_arguments(parser: argparse.ArgumentParser) -> None: ...
    def run(asked: argparse.Namespace, say: Say) -> int: ...

``add_arguments`` declares what the command takes, and may set the parser's
``description``. ``run`` does it: it tells ``say`` the lines for standard output,
returns the exit code and raises a :class:`PromptOptError` for what goes to standard
error. Text passes :func:`say` as it is: controls of a terminal are made visible here.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from pytest_promptopt.errors import PromptOptError
from pytest_promptopt.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    Say: TypeAlias = Callable[[Iterable[str]], None]

DONE, NOT_DONE, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

COMMANDS = {
    "init": (
        "pytest_promptopt.starting.command",
        "find the prompts of a repository, and write a first prompt test",
    ),
    "pr": (
        "pytest_promptopt.publishing.command",
        "open a pull request for each prompt that the latest search improves",
    ),
    "comment": (
        "pytest_promptopt.github.comment",
        "write the report of a run as a comment at its pull request",
    ),
    "outputs": (
        "pytest_promptopt.github.outputs",
        "print verdict and cause of a run as the outputs of a workflow's step",
    ),
    "fork-data": (
        "pytest_promptopt.github.fork_data",
        "take a fork's prompts and cases, without its code, to judge them",
    ),
}
"""Name of each command to its module and what ``--help`` says of it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the console script.

    Args:
        arguments: What follows ``promptopt``; by default the process's own.

    Returns:
        The exit code: 0 done, 1 not done, 2 wrong usage or an error, 130 interrupted.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    asked = _parser(given).parse_args(given)
    try:
        code: int = _module(asked.command).run(asked, say)
    except PromptOptError as error:
        say([f"promptopt: {error}"], sys.stderr)
        return WRONG_USAGE
    except KeyboardInterrupt:
        say(["promptopt: interrupted"], sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever reads has seen enough, as in "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def say(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Write lines so that they steer no terminal: names come from the repository.

    Args:
        lines: Without line ends.
        stream: Where to; by default standard output.
    """
    stream = stream or sys.stdout
    encoding = stream.encoding or "utf-8"
    text = "".join(f"{plain(line)}\n" for line in lines)
    # A console that cannot show a file's name shows its code points.
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()  # what is going on is said before it is done


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="promptopt", description="Prompt tests for pytest: see pytest --help."
    )
    commands = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    for name, (_, told) in COMMANDS.items():
        command = commands.add_parser(name, help=told)
        # The module of a command is imported for that command alone.
        if name in arguments:
            _module(name).add_arguments(command)
    return parser


def _module(name: str) -> Any:
    return import_module(COMMANDS[name][0])
