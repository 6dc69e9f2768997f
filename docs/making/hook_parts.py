"""The hooks, from their specifications."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from docstrings import entries, marked_down, one_line, sections
from tabled import code, table

from pytest_promptopt import hookspecs

if TYPE_CHECKING:
    from collections.abc import Callable


def hook_parts() -> str:
    """Return a section for each hook."""
    hooks = [
        hook
        for name, hook in vars(hookspecs).items()
        if name.startswith("pytest_promptopt_")
    ]
    intro = one_line(sections(hookspecs)[""])
    return "\n".join([f"## Hooks\n\n{intro}\n", *map(hook_part, hooks)])


def hook_part(hook: Callable[..., Any]) -> str:
    """Return the section of one hook."""
    said = sections(hook)
    arguments = ", ".join(inspect.signature(hook).parameters)
    rows = [[code(name), told] for name, told in entries(said["Args"]).items()]
    intro, _, example = said["Example"].partition("::\n")
    parts = [
        f"### `{hook.__name__}`",
        f"`def {hook.__name__}({arguments})`",
        marked_down(said[""]),
        table(["argument", "is"], rows).rstrip(),
        f"Returns: {one_line(said['Returns'])}",
        f"{marked_down(intro)}:",
        f"```python\n{textwrap.dedent(example).strip()}\n```",
    ]
    return "\n\n".join(parts) + "\n"
