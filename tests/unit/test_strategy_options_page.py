"""docs/strategies.md has every option of every strategy, with its default."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from pytest_promptopt.optimize.registry import BUILT_IN, strategy_named

PAGE = Path(__file__).parents[2] / "docs" / "strategies.md"
ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \|([^|]*)\|", re.MULTILINE)


def rows() -> dict[str, set[str]]:
    """Return the defaults that the page's tables give for each option."""
    found: dict[str, set[str]] = {}
    for names, defaults in ROW.findall(PAGE.read_text(encoding="utf-8")):
        shown = defaults.split(",")
        for name, default in zip(re.findall(r"\w+", names), shown, strict=True):
            found.setdefault(name, set()).add(default.strip().strip("`"))
    return found


def written(value: object) -> str:
    """Return a default as the tables write it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("name", [name for name in BUILT_IN if "-paper" not in name])
def test_every_option_is_on_the_page(name: str) -> None:
    options = getattr(strategy_named(name), "options", None)
    told = rows()

    for field in fields(options) if options else ():
        default = written(getattr(options, field.name))
        shown = {entry.strip('"') for entry in told[field.name]}
        assert default in shown, f"{field.name}: {default!r} not in {shown}"
