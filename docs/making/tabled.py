"""Markdown of rows and entries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CHOICE = re.compile(r"^(?!default)([a-z]+):")
QUOTED = re.compile(r"'(\w+)'")
OURS = re.compile(r"(?<![\w`-])(--[a-z][\w-]+(?:=[\w:./-]*\w)?|promptopt_\w+)")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; bars within cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n"
        for row in lines
    )


def code(text: str) -> str:
    """Return text as code; empty where there is none."""
    return f"`{text}`" if text else ""


def prose(text: str) -> str:
    """Return the sentences of a help text, with names and words to write as code."""
    text = text.replace("<", "&lt;").replace("*", "\\*")
    text, _, default = text.removesuffix(")").partition(" (default: ")
    text = QUOTED.sub(r"`\1`", OURS.sub(r"`\1`", CHOICE.sub(r"`\1`:", text)))
    said = f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
    return f"{said} Default: {default}." if default else said


def value(default: Any) -> str:
    """Return a default as code; empty for none."""
    if default is None or default == "" or default in ({}, ()):
        return ""
    return code(written(default))


def written(value: Any) -> str:
    """Return a value as a TOML file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
