"""The console script, from what its commands declare."""

from __future__ import annotations

from importlib import import_module

from declared import Notebook
from tabled import code, prose, table

from pytest_promptopt.command import COMMANDS


def command_parts() -> str:
    """Return a section for each command."""
    intro = (
        "`promptopt COMMAND`, or `python -m pytest_promptopt COMMAND`. The process "
        "ends with 0 when it is done, 1 when it is not, 2 for wrong usage or an error "
        "that the last lines explain, and 130 when it was interrupted."
    )
    parts = [command_part(name, *COMMANDS[name]) for name in COMMANDS]
    return "\n".join([f"## The command `promptopt`\n\n{intro}\n", *parts])


def command_part(name: str, module: str, told: str) -> str:
    """Return the section of one command."""
    notebook = Notebook()
    import_module(module).add_arguments(notebook)
    rows = [[code(each.usage), prose(each.help)] for each in notebook.options]
    said = notebook.description or prose(told)
    shown = f"\n{table(['argument', 'is'], rows)}" if rows else ""
    return f"### `promptopt {name}`\n\n{said}\n{shown}"
