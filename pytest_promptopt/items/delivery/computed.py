"""What modules make of a text when they are imported: no replacement reaches it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

_TELLS_NOTHING = (int, float, bool, type(None))
_RUN_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A name that was assigned something made of a text.

    Attributes:
        path: The file.
        line: Line of the assignment, from 1.
        name: The name.
    """

    path: Path
    line: int
    name: str


@dataclass(slots=True)
class ComputedTexts:
    """Looks for what is made of constants, into each module once."""

    _assignments: dict[tuple[str, ...], tuple[_Assignment, ...]] = field(
        default_factory=dict
    )

    def find(
        self,
        text: str,
        names: Collection[str],
        modules: Mapping[str, ModuleType],
        held: Collection[str],
    ) -> Computed | None:
        """Return the first name that was assigned something made of a text.

        Args:
            text: The very object.
            names: The names that it goes by.
            modules: The project's modules.
            held: Labels of what holds the text itself: ``"myapp.llm:client.prompt"``.
        """
        for name, module in modules.items():
            path = Path(str(module.__file__))
            for found in self._of_module(name, path, names):
                label = f"{name}:{found.dotted}"
                inner = (f"{label}.", f"{label}[")
                if any(other == label or other.startswith(inner) for other in held):
                    continue
                if found.uses(text, module):
                    return Computed(path=path, line=found.line, name=found.dotted)
        return None

    def _of_module(
        self, name: str, path: Path, names: Collection[str]
    ) -> tuple[_Assignment, ...]:
        key = (name, *sorted(names))
        if key not in self._assignments:
            self._assignments[key] = tuple(_assignments(path, names))
        return self._assignments[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Assignment:
    """An assignment that runs when its module is imported."""

    line: int
    classes: tuple[str, ...]
    name: str
    value: ast.expr

    @property
    def dotted(self) -> str:
        return ".".join((*self.classes, self.name))

    def uses(self, text: str, module: ModuleType) -> bool:
        """Tell whether it was run, and names the text."""
        own: Mapping[str, Any] = vars(module)
        scope = dict(own)
        for name in self.classes:
            owner = own.get(name)
            if not isinstance(owner, type):
                return False
            own = vars(owner)
            scope.update(own)
        ran = bool(self.classes) or self.name in own  # a class may take it elsewhere
        if not ran or (self.name in own and type(own[self.name]) in _TELLS_NOTHING):
            return False
        return _names(self.value, text, scope)


def _names(node: ast.AST, text: str, scope: Mapping[str, Any]) -> bool:
    if isinstance(node, ast.Lambda):
        return False  # runs later
    return _resolved(node, scope) is text or any(
        _names(inner, text, scope) for inner in ast.iter_child_nodes(node)
    )


def _resolved(node: ast.AST, scope: Mapping[str, Any]) -> Any:
    """Return what names, attributes and entries lead to, without running anything."""
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _resolved(node.value, scope)
        is_scope = isinstance(owner, (ModuleType, type))
        return vars(owner).get(node.attr) if is_scope else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        owner = _resolved(node.value, scope)
        try:
            if type(owner) in (dict, list, tuple):
                return owner[node.slice.value]
        except (LookupError, TypeError):
            return None
    return None


def _assignments(path: Path, names: Collection[str]) -> Iterator[_Assignment]:
    """Yield what a file assigns on import, if it has one of the names at all."""
    try:
        data = path.read_bytes()
        if any(name.encode() in data for name in names):
            yield from _in_body(ast.parse(data).body, ())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # a module without a source file of its own


def _in_body(
    body: Sequence[ast.AST], classes: tuple[str, ...]
) -> Iterator[_Assignment]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _in_body(node.body, (*classes, node.name))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and node.value is not None:
                    yield _Assignment(
                        line=node.lineno,
                        classes=classes,
                        name=target.id,
                        value=node.value,
                    )
        elif not isinstance(node, _RUN_LATER):
            yield from _in_body(list(ast.iter_child_nodes(node)), classes)
