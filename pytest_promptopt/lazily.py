"""Packages whose public names are imported at first use.

A run reads a prompt, sends requests, judges replies and reports, in this order, and
most runs use a small part of what there is. Whoever imports one name of a package, or
one of its modules, must not pay for all the others.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class LazyPackage(ModuleType):
    """A package that knows in which of its modules each public name is."""

    _homes: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        home = self.__dict__["_homes"].get(name)
        if home is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{self.__name__}.{home}"), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # Python sets a package's attribute when it imports a module of it. Where a
        # public name is that of its module, it must not come to mean the module.
        if isinstance(value, ModuleType) and self.__dict__["_homes"].get(name) == name:
            value = getattr(value, name)
        super().__setattr__(name, value)


def resolve_lazily(package: str, names: Mapping[str, Iterable[str]]) -> None:
    """Make a package import its public names at first use.

    Args:
        package: Name of the package, which calls this as the last thing it does.
        names: Module of the package to the public names in it.
    """
    module = sys.modules[package]
    homes = {name: home for home, found in names.items() for name in found}
    module.__dict__["_homes"] = homes
    module.__class__ = LazyPackage
