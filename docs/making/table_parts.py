"""The tables under ``[tool.promptopt]`` of ``pyproject.toml``."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any

from docstrings import entries, sections
from tabled import code, table, value, written

from pytest_promptopt.models.prices import Price
from pytest_promptopt.models.providers import Provider
from pytest_promptopt.optimize.registry import BUILT_IN, strategy_named
from pytest_promptopt.settings import Settings
from pytest_promptopt.tables import OBJECTIVE, TABLES

KEYS = {"base_url": ("base_url", "endpoint"), "headers": ("default_headers",)}
"""Fields of a provider to the keys that are called otherwise."""

HEADINGS = {
    "providers": "providers.NAME",
    "prices": 'prices."MODEL"',
    "strategy": "strategy.NAME",
}
SEE = {
    "providers": "An endpoint, whose models are called `NAME:MODEL`. "
    "[Models](models.md) shows one of each kind.",
    "request": "See [model settings](models.md#model-settings).",
    "optimizer_request": "See [model settings](models.md#model-settings).",
    "prices": "What a model's tokens cost. See [prices](engine.md#prices).",
    "strategy": "Options of a search strategy. [Strategies](strategies.md) says what "
    "each option does. A name that ends in `-paper` is the strategy as published.",
    "objective": "See [what counts](search.md#what-counts).",
}
TOLD = ("request", "optimizer_request", "objective")
"""Tables of which the settings say what they are."""


def table_parts() -> str:
    """Return a section for each table."""
    return "## Tables in `pyproject.toml`\n\n" + "\n".join(map(table_part, TABLES))


def table_part(name: str) -> str:
    """Return the section of one table."""
    told = entries(sections(Settings)["Attributes"])[name] if name in TOLD else ""
    said = f"{told} {SEE[name]}".strip()
    heading = HEADINGS.get(name, name)
    rows = {
        "providers": provider_rows,
        "prices": price_rows,
        "strategy": strategy_rows,
        "objective": objective_rows,
    }.get(name)
    shown = f"\n{rows()}" if rows else ""
    return f"### `[tool.promptopt.{heading}]`\n\n{said}\n{shown}"


def default_of(field: Field[Any]) -> Any:
    """Return what a field is if nothing sets it; ``None`` where it must be set."""
    if field.default is not MISSING:
        return field.default
    return None if field.default_factory is MISSING else field.default_factory()


def provider_rows() -> str:
    """Return the keys of a provider."""
    told = entries(sections(Provider)["Attributes"])
    rows = []
    for field in fields(Provider):
        if field.name != "name":
            keys = KEYS.get(field.name, (field.name,))
            names = ", ".join(map(code, keys))
            rows.append([names, value(default_of(field)), told[field.name]])
    return table(["key", "default", "is"], rows)


def price_rows() -> str:
    """Return the keys of a price."""
    told = entries(sections(Price)["Attributes"])
    return table(["key", "is"], [[code(name), told[name]] for name in told])


def strategy_rows() -> str:
    """Return the options of each strategy with their defaults."""
    rows = []
    for name in BUILT_IN:
        chosen = getattr(strategy_named(name), "options", None)
        of_strategy = fields(chosen) if chosen is not None else ()
        set_to = [(each.name, getattr(chosen, each.name)) for each in of_strategy]
        shown = ", ".join(
            f"`{option} = {written(default)}`" if default is not None else code(option)
            for option, default in set_to
        )
        rows.append(f"- {code(name)}: {shown}\n")
    return "The options and their defaults:\n\n" + "".join(rows)


def objective_rows() -> str:
    """Return what a search may weigh."""
    units = {"tokens": "for each 100 tokens more", "latency": "for each second more"}
    rows = [[code(name), f"points lost {units[name]}"] for name in OBJECTIVE]
    return table(["key", "is"], rows)
