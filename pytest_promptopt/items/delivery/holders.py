"""Who holds a text in the running program: found by its identity, not by its value."""

from __future__ import annotations

import functools
import sys
from collections import deque
from dataclasses import dataclass, field
from types import (
    CellType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any

from pytest_promptopt.items.delivery.memory import CACHED, results_of
from pytest_promptopt.items.delivery.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MOST_VALUES = 100_000
_FIXED = (tuple, set, frozenset, deque)
_LISTS = (list, *_FIXED)
_INNER: dict[type, tuple[str, ...]] = {
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    MethodType: ("__func__", "__self__"),
    property: ("fget",),
    functools.partial: ("func", "args", "keywords"),
    CACHED: ("__wrapped__",),
}
"""What is followed of objects that Python makes of functions."""


@dataclass(slots=True, kw_only=True)
class Holders:
    """Who holds a text.

    Attributes:
        slots: Where it can be replaced; modules and classes first seen first.
        caches: Cached functions that have returned it; they can be emptied.
        fixed: What else holds it, for messages: as in
            ``"a default of myapp.llm:ask (line 7)"``.
    """

    slots: list[Slot] = field(default_factory=list)
    caches: list[Any] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)

    def named(self, name: str) -> Holders:
        """Return those by one name alone, where others may mean another text."""
        return Holders(slots=[slot for slot in self.slots if slot.key == name])


@dataclass(frozen=True, slots=True)
class _Held:
    """A value on the way, and what holds it."""

    value: Any
    label: str
    slot: Slot | None


def own_modules(root: Path) -> dict[str, ModuleType]:
    """Return the loaded modules of a project by name, installed ones left out."""
    tops = tuple({f"{root.as_posix()}/", f"{root.resolve().as_posix()}/"})
    own = {}
    for name, module in loaded_modules():
        file = str(vars(module).get("__file__")).replace("\\", "/")
        if file.startswith(tops) and "/site-packages/" not in file:
            own[name] = module
    return own


def loaded_modules() -> list[tuple[str, ModuleType]]:
    """Return the loaded modules by name; what else stands among them is left out."""
    loaded: list[tuple[str, Any]] = list(sys.modules.items())
    return [(name, module) for name, module in loaded if isinstance(module, ModuleType)]


def holders_of(
    text: str, root: Path, *, values: Mapping[str, Any], into_lists: bool = True
) -> Holders:
    """Find who holds a text.

    Of other packages only the names of modules are looked at, and of their classes if
    they are not installed; of the project's own modules also what they hold:
    containers, functions, objects of its classes. Python's own modules know no project.

    Args:
        text: The very object.
        root: The project's folder.
        values: More that may hold it, by what messages call it.
        into_lists: Whether entries of lists, tuples and sets count.
    """
    own = own_modules(root)
    search = _Search(text, frozenset(own), into_lists=into_lists)
    for name, module in own.items():
        search.walk_module(name, module)
    search.walk([_Held(value, label, None) for label, value in values.items()])
    if not is_shared(text):
        for name, module in loaded_modules():
            foreign = name.partition(".")[0] in sys.stdlib_module_names
            if not foreign and name not in own:
                search.glance(name, module)
    return search.found


def is_shared(text: str) -> bool:
    """Tell whether equal texts are one object wherever they are written.

    Python keeps one of each text that could be a name.
    """
    return len(text) < 2 or (text.isascii() and text.replace("_", "").isalnum())


class _Search:
    def __init__(self, text: str, own: frozenset[str], *, into_lists: bool) -> None:
        self.found = Holders()
        self._text = text
        self._own = own
        self._into_lists = into_lists
        self._seen: set[int] = set()
        self._cached: dict[str, Any] = {}

    def glance(self, name: str, module: ModuleType) -> None:
        """Look at the names of a module, and of its classes if it is not installed."""
        scope = vars(module)
        installed = "-packages" in str(scope.get("__file__"))
        for key, value in list(scope.items()):
            if value is self._text:
                self.found.slots.append(Slot(scope, key, f"{name}:{key}"))
            elif installed:
                continue
            elif type(value) is type and vars(value).get("__module__") == name:
                self._glance_class(f"{name}:{key}", value)

    def _glance_class(self, label: str, owner: type) -> None:
        for key, value in list(vars(owner).items()):
            if value is self._text:
                self.found.slots.append(Slot(owner, key, f"{label}.{key}"))

    def walk_module(self, name: str, module: ModuleType) -> None:
        """Follow everything that a module holds, each object once."""
        scope = vars(module)
        self.walk(
            [
                _Held(value, f"{name}:{key}", Slot(scope, key, f"{name}:{key}"))
                for key, value in list(scope.items())
                if key != "__builtins__"
            ]
        )

    def walk(self, waiting: list[_Held]) -> None:
        """Follow values, and what they hold, each object once."""
        while waiting:
            held = waiting.pop()
            if held.value is self._text:
                self._note(held)
            elif self._is_new(held.value):
                waiting += self._within(held.value, held.label)

    def _note(self, held: _Held) -> None:
        cached = self._cached_at(held.label)
        if held.slot is not None:
            self.found.slots.append(held.slot)
        elif cached is not None:
            self.found.caches.append(cached)
        else:
            self.found.fixed.append(held.label)

    def _cached_at(self, label: str) -> Any:
        """Return the function whose result, or part of it, has that label."""
        name, called, _ = label.partition("()")
        return self._cached.get(f"{name}{called}")

    def _is_new(self, value: Any) -> bool:
        if type(value) in (str, bytes, int, float, bool, type(None)):
            return False
        if id(value) in self._seen or len(self._seen) > _MOST_VALUES:
            return False
        self._seen.add(id(value))
        return True

    def _within(self, value: Any, label: str) -> Iterator[_Held]:
        kind = type(value)
        if issubclass(kind, dict):
            yield from self._entries(value, label)
        elif issubclass(kind, _LISTS):
            yield from self._items(value, label)
        elif issubclass(kind, type):
            if value.__module__ in self._own:
                yield from self._attributes(value, label)
        elif kind is FunctionType:
            yield from self._of_function(value)
        elif kind is CellType:
            yield from _of_cell(value, label)
        elif kind in _INNER:
            yield from self._of_made(value, label)
        elif kind.__module__ in self._own:
            yield from self._of_object(value, label)

    def _of_made(self, value: Any, label: str) -> Iterator[_Held]:
        for name in _INNER[type(value)]:
            yield _Held(getattr(value, name), label, None)
        if type(value) is CACHED:
            call = f"{label}()"
            self._cached[call] = value
            for result in results_of(value):
                yield _Held(result, call, None)

    def _entries(self, owner: dict[Any, Any], label: str) -> Iterator[_Held]:
        for key, value in list(dict.items(owner)):
            inner = f"{label}[{key!r}]"
            yield _Held(value, inner, Slot(owner, key, inner))

    def _items(self, owner: Any, label: str) -> Iterator[_Held]:
        if not self._into_lists and self._cached_at(label) is None:
            return
        replaceable = isinstance(owner, list)
        for at, value in enumerate(list(owner)):
            inner = f"{label}[{at}]"
            yield _Held(value, inner, Slot(owner, at, inner) if replaceable else None)

    def _attributes(self, owner: type, label: str) -> Iterator[_Held]:
        for key, value in list(vars(owner).items()):
            inner = f"{label}.{key}"
            yield _Held(value, inner, Slot(owner, key, inner))

    def _of_object(self, value: Any, label: str) -> Iterator[_Held]:
        try:
            own = object.__getattribute__(value, "__dict__")
        except AttributeError:
            own = {}
        for key, held in list(own.items()):
            inner = f"{label}.{key}"
            yield _Held(held, inner, Slot(own, key, inner))
        for kind in type(value).__mro__:
            for key, member in list(vars(kind).items()):
                if type(member) is MemberDescriptorType:
                    yield from _of_slot(member, value, f"{label}.{key}")

    def _of_function(self, function: FunctionType) -> Iterator[_Held]:
        if function.__module__ not in self._own:
            return
        label = f"{function.__module__}:{function.__qualname__}"
        where = f"{label} (line {function.__code__.co_firstlineno})"
        defaults = [
            *(function.__defaults__ or ()),
            *(function.__kwdefaults__ or {}).values(),
        ]
        for value in defaults:
            yield _Held(value, f"a default of {where}", None)
        for cell in function.__closure__ or ():
            yield _Held(cell, f"a local name around {where}", None)
        yield _Held(vars(function), label, None)


def _of_slot(member: MemberDescriptorType, owner: Any, label: str) -> Iterator[_Held]:
    try:
        yield _Held(member.__get__(owner), label, None)
    except AttributeError:
        return  # nothing was assigned to it


def _of_cell(cell: CellType, label: str) -> Iterator[_Held]:
    try:
        yield _Held(cell.cell_contents, label, None)
    except ValueError:
        return  # nothing was assigned to the name
