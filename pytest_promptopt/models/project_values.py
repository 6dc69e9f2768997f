"""What dicts and lists in a project's Python files hold: read, never imported."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.bindings import bound_values
from pytest_promptopt.prompts.file_text import FileText, bytes_of
from pytest_promptopt.prompts.finding import find_module

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_promptopt.prompts.files import Files

DEEPEST = 50
"""Longest way from the constant to a value, through entries and other constants."""

MOST_VALUES = 20_000
"""Most values that the settings of one request are made of."""

COMPUTED = (
    "write the value out; or import the dict in the test module and pass it as "
    "request=NAME: there Python computes it"
)


class Modules:
    """Reads modules of the project, and counts what their constants are made of."""

    def __init__(self, roots: Sequence[Path], files: Files) -> None:
        self._roots = roots
        self._files = files
        self._values = 0
        self._read: dict[str, tuple[Path, FileText, ast.Module]] = {}

    def module(self, name: str) -> tuple[Path, FileText, ast.Module]:
        """Return a module's file, text and syntax tree, read once.

        Raises:
            SourceError: There is no such module, or it does not parse.
        """
        if name not in self._read:
            self._read[name] = self._module(name)
        return self._read[name]

    def _module(self, name: str) -> tuple[Path, FileText, ast.Module]:
        path = find_module(name, self._roots, self._files)
        file = FileText.decode(bytes_of(path, self._files), path)
        try:
            return path, file, ast.parse(file.data, filename=str(path))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise SourceError.at(
                path,
                getattr(error, "lineno", None),
                f"the file does not parse: {getattr(error, 'msg', None) or error}",
                "correct the Python file",
            ) from None

    def may_read_more(self) -> bool:
        """Count one more value, and tell whether there may be so many."""
        self._values += 1
        return self._values <= MOST_VALUES


class ModuleValues:
    """The names of one module, as far as expressions of it need them.

    Args:
        modules: Finds other modules.
        module: The module's dotted name.
        path: Its file.
        tree: Its syntax tree.
    """

    def __init__(
        self, modules: Modules, module: str, path: Path, tree: ast.Module
    ) -> None:
        self._modules = modules
        self._module = module
        self._path = path
        self._bound = bound_values(tree.body)

    def value(self, node: ast.expr, depth: int) -> Any:
        """Return what an expression holds.

        Raises:
            SourceError: Only running the program would tell, or JSON cannot hold it.
        """
        if depth == 0 or not self._modules.may_read_more():
            raise self._refused(
                node, "is too large, or made of itself", "write its values out"
            )
        if isinstance(node, ast.Constant):
            return self._plain(node)
        if isinstance(node, (ast.List, ast.Tuple)):
            return self._items(node, depth - 1)
        if isinstance(node, ast.Dict):
            return self._entries(node, depth - 1)
        if isinstance(node, ast.Name):
            return self._named(node, depth - 1)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            return self._signed(node, depth - 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            left, right = (
                self._table(side, depth - 1) for side in (node.left, node.right)
            )
            return {**left, **right}
        if _is_dict_call(node):
            return self._keywords(node, depth - 1)
        raise self._computed(node)

    def _plain(self, node: ast.Constant) -> Any:
        value = node.value
        if value is None or isinstance(value, (str, bool, int)):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        raise self._refused(
            node,
            f"holds {ast.unparse(node)[:40]}, which JSON cannot hold",
            "use text, finite numbers, booleans, lists and dicts only",
        )

    def _items(self, node: ast.List | ast.Tuple, depth: int) -> list[Any]:
        items: list[Any] = []
        for entry in node.elts:
            if isinstance(entry, ast.Starred):
                inner = self.value(entry.value, depth)
                if not isinstance(inner, list):
                    raise self._computed(entry)
                items += inner
            else:
                items.append(self.value(entry, depth))
        return items

    def _entries(self, node: ast.Dict, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                entries.update(self._table(value, depth))
                continue
            name = self.value(key, depth)
            if not isinstance(name, str):
                raise self._refused(
                    key, f"has the key {name!r}, which is no text", "write it in quotes"
                )
            entries[name] = self.value(value, depth)
        return entries

    def _table(self, node: ast.expr, depth: int) -> dict[str, Any]:
        value = self.value(node, depth)
        if not isinstance(value, dict):
            raise self._computed(node)
        return value

    def _keywords(self, node: ast.expr, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg is None:
                entries.update(self._table(keyword.value, depth))
            else:
                entries[keyword.arg] = self.value(keyword.value, depth)
        return entries

    def _signed(self, node: ast.UnaryOp, depth: int) -> Any:
        value = self.value(node.operand, depth)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._computed(node)
        return -value if isinstance(node.op, ast.USub) else value

    def _named(self, node: ast.Name, depth: int) -> Any:
        values = self._bound.get(node.id, [])
        if len(values) > 1:
            raise self._refused(
                node, f"uses {node.id!r}, which is bound more than once", "bind it once"
            )
        if values and isinstance(values[0], ast.expr):
            return self.value(values[0], depth)
        if values and isinstance(values[0], ast.ImportFrom):
            return self._imported(node, values[0], depth)
        raise self._computed(node)

    def _imported(self, node: ast.Name, statement: ast.ImportFrom, depth: int) -> Any:
        name = next(
            alias.name
            for alias in statement.names
            if (alias.asname or alias.name) == node.id
        )
        module = self._absolute(statement)
        try:
            path, _, tree = self._modules.module(module)
        except SourceError as error:
            raise self._refused(
                node,
                f"uses {node.id!r} from {module}, which cannot be read "
                f"({error.problem})",
                COMPUTED,
            ) from None
        scope = ModuleValues(self._modules, module, path, tree)
        if name not in scope._bound:
            raise self._refused(
                node, f"uses {name!r}, which {module} does not assign", COMPUTED
            )
        return scope.value(ast.copy_location(ast.Name(id=name), node), depth)

    def _absolute(self, statement: ast.ImportFrom) -> str:
        """Return the full name of the module that a statement imports from."""
        parts = self._module.split(".")
        if self._path.name == "__init__.py":
            parts.append("")  # one dot is the package itself
        above = parts[: -statement.level] if statement.level else []
        return ".".join([*above, *filter(None, [statement.module])])

    def _computed(self, node: ast.expr) -> SourceError:
        shown = " ".join(ast.unparse(node).split())
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        return self._refused(
            node, f"holds {shown!r}, which exists only when the program runs", COMPUTED
        )

    def _refused(self, node: ast.expr, what: str, hint: str) -> SourceError:
        return SourceError.at(
            self._path, node.lineno, f"a constant of model settings {what}", hint
        )


def _is_dict_call(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "dict"
        and not node.args
    )
