"""The tables of ``pyproject.toml`` under ``[tool.promptopt]``, read and checked.

Unknown keys are errors, since a misspelt key that is ignored quietly is a setting that
does not hold.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLES = (
    "providers",
    "request",
    "optimizer_request",
    "prices",
    "strategy",
    "objective",
)
OBJECTIVE = ("tokens", "latency")


def read_tables(path: Path) -> dict[str, Any]:
    """Read ``[tool.promptopt]``; a file or table that is not there is empty.

    Args:
        path: A ``pyproject.toml``.

    Raises:
        SettingError: The file is not TOML, or a key is unknown or no table.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise SettingError(f"{path}: not TOML: {error}", "mend the file") from error
    except OSError as error:
        raise SettingError(
            f"{path}: cannot be read: {error.strerror}", "make it readable"
        ) from error
    return tables_of(text, path)


def tables_of(text: str, path: Path) -> dict[str, Any]:
    """Read ``[tool.promptopt]`` from the text of a ``pyproject.toml``.

    Args:
        text: The text.
        path: The file, for messages.

    Raises:
        SettingError: It is not TOML, or a key is unknown or no table.
    """
    import tomli

    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise SettingError(f"{path}: not TOML: {error}", "mend the file") from error
    tables = document.get("tool", {}).get("promptopt", {})
    if not isinstance(tables, dict):
        raise SettingError(
            f"{path}: tool.promptopt is {tables!r}, not a table",
            "write tables such as [tool.promptopt.request]",
        )
    for key, value in tables.items():
        if key not in TABLES:
            raise SettingError(
                f"{path}: unknown key {key!r} in [tool.promptopt]",
                did_you_mean(key, TABLES)
                + " (scalars are pytest ini keys promptopt_*)",
            )
        if not isinstance(value, dict):
            raise SettingError(
                f"{path}: {key!r} in [tool.promptopt] is {value!r}, not a table",
                f"write a table [tool.promptopt.{key}]",
            )
    _check_objective(tables.get("objective", {}), path)
    for name, options in tables.get("strategy", {}).items():
        if not isinstance(options, dict):
            raise SettingError(
                f"{path}: {name!r} in [tool.promptopt.strategy] is {options!r}, not "
                "the options of a strategy",
                "write a table such as [tool.promptopt.strategy.opro]",
            )
    return dict(tables)


def _check_objective(weights: Mapping[str, Any], path: Path) -> None:
    place = f"{path}: [tool.promptopt.objective]"
    for name, weight in weights.items():
        if name not in OBJECTIVE:
            raise SettingError(
                f"{place}: unknown key {name!r}", did_you_mean(name, OBJECTIVE)
            )
        number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
        if not (number and 0 <= weight < math.inf):  # also refuses NaN
            raise SettingError(
                f"{place}: {name} is {weight!r}, not a number from 0 up",
                f"write the points that it costs, such as {name} = 0.5",
            )
