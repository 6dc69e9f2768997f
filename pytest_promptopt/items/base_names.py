"""What the names of a test module stand for, read from its syntax tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.bindings import bound_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEPTH = 20
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Scope:
    """A body of statements in which a name is looked up before the module's."""

    names: dict[str, list[ast.AST]]

    @classmethod
    def of(cls, body: Sequence[ast.AST]) -> Scope:
        """Return the scope of a module's or class's body."""
        return cls(bound_values(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTest:
    """A test function as a module's text has it.

    Attributes:
        function: Its definition; ``None`` if it is made or imported in another way.
        scope: Where its decorators are evaluated.
        classes: The classes around it with the scopes that they stand in, innermost
            first, each followed by the classes of the module that it inherits from.
    """

    function: ast.FunctionDef | ast.AsyncFunctionDef | None
    scope: Scope
    classes: tuple[tuple[tuple[ast.ClassDef, Scope], ...], ...] = ()


@dataclass(frozen=True)
class Module:
    """A test module, parsed and never executed."""

    tree: ast.Module
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", Scope.of(self.tree.body))

    @classmethod
    def parse(cls, source: str) -> Module:
        """Parse a module's text.

        Raises:
            SourceError: It is no Python.
        """
        try:
            return cls(ast.parse(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            said = getattr(error, "msg", None) or error
            raise SourceError(
                f"the test module does not parse: {said}", "correct the Python file"
            ) from None

    @cached_property
    def _imports_all(self) -> bool:
        return "*" in self.scope.names

    def values(self, name: str, scope: Scope) -> list[ast.AST]:
        """Return what a name is bound to in a scope, else in the module."""
        return scope.names.get(name) or self.scope.names.get(name, [])

    def value(self, name: str, scope: Scope) -> ast.expr | None:
        """Return the expression that a name stands for, if it is assigned once."""
        values = self.values(name, scope)
        only = values[0] if len(values) == 1 else None
        return only if isinstance(only, ast.expr) else None

    def dotted(self, node: ast.AST, scope: Scope, depth: int = _DEPTH) -> str:
        """Return the full name that an expression stands for: ``"pytest.mark"``.

        Returns:
            Empty if it is no name.
        """
        if depth == 0:
            return ""
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value, scope, depth - 1)
            return f"{owner}.{node.attr}" if owner else ""
        if not isinstance(node, ast.Name):
            return ""
        bound = self.values(node.id, scope)
        if not bound:
            return node.id
        for value in bound:  # an import may stand in try, beside a substitute
            if isinstance(value, (ast.Import, ast.ImportFrom)):
                return _imported(value, node.id)
        only = bound[0] if len(bound) == 1 else None
        return self.dotted(only, scope, depth - 1) if only is not None else ""

    def find(self, qualified_name: str) -> FoundTest | None:
        """Find a test function.

        Args:
            qualified_name: Classes and function, with or without a parameter id.

        Returns:
            ``None`` if the module has none of that name.
        """
        *names, function = qualified_name.partition("[")[0].split(".")
        scope = self.scope
        classes: list[tuple[tuple[ast.ClassDef, Scope], ...]] = []
        family: tuple[tuple[ast.ClassDef, Scope], ...] = ()
        for name in names:
            node, inner = self._member(name, scope, family)
            if not isinstance(node, ast.ClassDef):
                return self._other(node, scope, classes)
            family = tuple(self._family(node, inner))
            classes.insert(0, family)
            scope = Scope.of(node.body)
        node, inner = self._member(function, scope, family)
        if isinstance(node, _Function):
            return FoundTest(function=node, scope=inner, classes=tuple(classes))
        return self._other(node, scope, classes)

    def _member(
        self,
        name: str,
        scope: Scope,
        family: Sequence[tuple[ast.ClassDef, Scope]],
    ) -> tuple[ast.AST | None, Scope]:
        """Return what a name is in a scope or the classes it inherits from."""
        if name in scope.names:
            return scope.names[name][-1], scope
        for node, _ in family[1:]:
            inherited = Scope.of(node.body)
            if name in inherited.names:
                return inherited.names[name][-1], inherited
        unseen = self._imports_all and not family
        for node, around in family:
            unseen = unseen or any(
                self._class(base, around) is None and ast.unparse(base) != "object"
                for base in node.bases
            )
        # Whatever stands where it cannot be seen may have the name.
        return (self.tree if unseen else None), scope

    def _other(
        self,
        node: ast.AST | None,
        scope: Scope,
        classes: Sequence[tuple[tuple[ast.ClassDef, Scope], ...]],
    ) -> FoundTest | None:
        if node is None:
            return None
        return FoundTest(function=None, scope=scope, classes=tuple(classes))

    def _family(
        self, node: ast.ClassDef, scope: Scope
    ) -> Iterator[tuple[ast.ClassDef, Scope]]:
        waiting = [(node, scope)]
        seen: set[ast.ClassDef] = set()
        while waiting:
            member, around = waiting.pop(0)
            if member in seen:
                continue
            seen.add(member)
            yield member, around
            for base in member.bases:
                found = self._class(base, around)
                if found is not None:
                    waiting.append((found, self.scope))

    def _class(self, base: ast.expr, scope: Scope) -> ast.ClassDef | None:
        bound = self.values(base.id, scope) if isinstance(base, ast.Name) else []
        found = bound[-1] if bound else None
        return found if isinstance(found, ast.ClassDef) else None


def _imported(node: ast.Import | ast.ImportFrom, name: str) -> str:
    for alias in node.names:
        if (alias.asname or alias.name.partition(".")[0]) != name:
            continue
        if isinstance(node, ast.ImportFrom):
            return f"{'.' * node.level}{node.module or ''}.{alias.name}"
        return alias.name if alias.asname else name
    return ""
