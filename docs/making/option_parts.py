"""The command line and the ini file, from the doorman's declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from declared import Declared, Notebook
from tabled import prose

from pytest_promptopt import options

if TYPE_CHECKING:
    import pytest

INTRO = "An ini key that stands beside an option holds where the option is not given.\n"
KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "linelist": "words, with commas or one a line",
    "args": "words",
}


def declared() -> Notebook:
    """Return every option and key."""
    notebook = Notebook()
    options.declare(cast("pytest.Parser", notebook))
    return notebook


def option_parts() -> str:
    """Return an entry for each option, and for each key without one."""
    notebook = declared()
    named = {option.name for option in notebook.options}
    keys = {key.name: key for key in notebook.keys}
    of_option = {key_of(name) for name in named} & keys.keys()
    parts = ["## Command line\n", INTRO]
    parts += [option_part(each, keys) for each in notebook.options]
    parts.append("## Keys without an option\n")
    parts += [key_part(key) for name, key in keys.items() if name not in of_option]
    return "\n".join(parts)


def key_of(option: str) -> str:
    """Return the ini key that an option's default may have."""
    return option.removeprefix("--").replace("-", "_")


def option_part(option: Declared, keys: dict[str, Declared]) -> str:
    """Return the entry of one option."""
    said = [f"`{option.usage}`"] if option.usage != option.name else []
    key = keys.get(key_of(option.name))
    if key is not None:
        said.append(f"ini key `{key.name}`")
    if option.told.get("action") == "append":
        said.append("may be repeated")
    shown = [" · ".join(said)] if said else []
    return "\n\n".join([f"### `{option.name}`", *shown, prose(option.help)]) + "\n"


def key_part(key: Declared) -> str:
    """Return the entry of one ini key."""
    kind = KINDS[str(key.told.get("type", "string"))]
    default = key.told.get("default")
    said = kind if default in (None, "", []) else f"{kind}, default `{default}`"
    return f"### `{key.name}`\n\n{said}\n\n{prose(key.help)}\n"
