"""Strategies by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.optimize.options import made
from pytest_promptopt.settings import did_you_mean

if TYPE_CHECKING:
    from pytest_promptopt.optimize.strategy import Strategy

Factory = Callable[[Mapping[str, Any]], "Strategy"]
"""Makes a strategy from its options."""


def _opro(options: Mapping[str, Any]) -> Strategy:
    from pytest_promptopt.optimize.strategies.opro import Opro, OproOptions

    return Opro(made(OproOptions, options, strategy="opro"))


BUILT_IN: Mapping[str, Factory] = MappingProxyType({"opro": _opro})


def strategy_named(
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    others: Mapping[str, Factory] | None = None,
) -> Strategy:
    """Return the strategy that a name stands for.

    Args:
        name: Such as ``"opro"``.
        options: What is set about it; its own defaults for the rest.
        others: Factories of strategies that do not come with this package; they are
            asked first.

    Raises:
        SettingError: There is none of that name, or it has no such option.
    """
    factories = {**BUILT_IN, **(others or {})}
    if name not in factories:
        raise SettingError(f"unknown strategy {name!r}", did_you_mean(name, factories))
    return factories[name](options or {})
