"""What Google-style docstrings say, as Markdown."""

from __future__ import annotations

import inspect
import re
import textwrap

SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Example):$", re.MULTILINE)
ENTRY = re.compile(r"^(\w+): (.*(?:\n .*)*)", re.MULTILINE)
ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")


def sections(documented: object) -> dict[str, str]:
    """Return the parts of a docstring, dedented, by their headings.

    Args:
        documented: A class or function with a docstring.

    Returns:
        ``"Args"``, ``"Returns"`` and the like to their text; ``""`` to what stands
        before the first of them.
    """
    first, *rest = SECTION.split(inspect.getdoc(documented) or "")
    found = {"": first.strip()}
    for heading, text in zip(rest[::2], rest[1::2], strict=True):
        found[heading] = textwrap.dedent(text.strip("\n")).strip()
    return found


def entries(text: str) -> dict[str, str]:
    """Return what a section says of each name, on one line."""
    return {name: one_line(told) for name, told in ENTRY.findall(text)}


def one_line(text: str) -> str:
    """Return text as Markdown without line ends."""
    return marked_down(" ".join(text.split()))


def marked_down(text: str) -> str:
    """Return the markup of a docstring as Markdown has it."""
    return ROLE.sub(r"`\1`", text).replace("``", "`")
