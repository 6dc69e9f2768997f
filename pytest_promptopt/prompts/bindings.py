"""Names and what a Python file binds them to, read from its syntax tree."""

from __future__ import annotations

import ast
import difflib
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_CHANGING = frozenset(
    {
        "append",
        "clear",
        "extend",
        "insert",
        "pop",
        "popitem",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "update",
    }
)


def assigned_value(path: Path, tree: ast.Module, name: str) -> ast.expr:
    """Find the one value that a file assigns to a name.

    Args:
        path: The file, for messages.
        tree: Its syntax tree.
        name: A name of the module, or dotted through classes.

    Raises:
        SourceError: It is assigned never, twice, or not by a plain assignment.
    """
    body: Sequence[ast.AST] = tree.body
    *classes, last = name.split(".")
    for class_name in classes:
        body = _class_body(path, body, class_name, name)
    return _assigned_value(path, body, last, name)


def bound_values(body: Sequence[ast.AST]) -> dict[str, list[ast.AST]]:
    """Return what the statements of a scope bind each name to, in their order.

    Returns:
        By name: the value of a plain assignment, and the statement itself of every
        other binding.
    """
    bound: dict[str, list[ast.AST]] = {}
    for node in _own_statements(body):
        for name, value in _bindings(node):
            bound.setdefault(name, []).append(node if value is None else value)
    return bound


def _own_statements(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the statements of a scope, also those under if, try, with and loops."""
    for node in body:
        yield node
        if not isinstance(node, _OWN_SCOPE):
            yield from _own_statements(list(ast.iter_child_nodes(node)))


def _class_body(
    path: Path, body: Sequence[ast.AST], class_name: str, name: str
) -> Sequence[ast.AST]:
    classes = [
        node
        for node in _own_statements(body)
        if isinstance(node, ast.ClassDef) and node.name == class_name
    ]
    if len(classes) != 1:
        found = "no class" if not classes else f"{len(classes)} classes"
        raise SourceError.at(
            path,
            classes[-1].lineno if classes else None,
            f"{found} {class_name!r} for the constant {name!r}",
            "name a constant of one class or of the module",
        )
    return classes[0].body


def _assigned_value(
    path: Path, body: Sequence[ast.AST], last: str, name: str
) -> ast.expr:
    bindings = [
        (node, value)
        for node in _own_statements(body)
        for bound, value in _bindings(node)
        if bound == last
    ]
    if not bindings:
        known = [
            bound
            for node in _own_statements(body)
            for bound, value in _bindings(node)
            if isinstance(value, ast.Constant) and isinstance(value.value, str)
        ]
        raise _unassigned(path, body, name, known)
    lines = [node.lineno for node, _ in bindings]  # type: ignore[attr-defined]
    for node, _ in bindings[1:]:
        if _changes_entries(node, last):
            raise SourceError.at(
                path,
                node.lineno,  # type: ignore[attr-defined]
                f"{name!r} is assigned on line {lines[0]} and its entries are changed "
                f"by {ast.unparse(node).splitlines()[0][:40]!r}",
                "write all entries where it is assigned",
            )
    if len(bindings) > 1:
        raise SourceError.at(
            path,
            lines[-1],
            f"{name!r} is assigned on line {lines[0]} and again on line "
            f"{', '.join(map(str, lines[1:]))}",
            "assign it once",
        )
    value = bindings[0][1]
    if value is None:
        raise SourceError.at(
            path,
            lines[0],
            f"{name!r} is bound by {_said(bindings[0][0])}, not by an assignment of a "
            "string",
            "name the module and constant where the string stands",
        )
    return value


def _unassigned(
    path: Path, body: Sequence[ast.AST], name: str, known: Sequence[str]
) -> SourceError:
    """Say where else a name is assigned, or which other ones there are."""
    last = name.rpartition(".")[2]
    for scope in _own_statements(body):
        if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for node in ast.walk(scope):
            if any(bound == last for bound, _ in _bindings(node)):
                return SourceError.at(
                    path,
                    node.lineno,  # type: ignore[attr-defined]
                    f"{name!r} is assigned in the function {scope.name!r}, so that its "
                    "text exists only while it runs",
                    "assign it outside of functions, and use it in there",
                )
    close = difflib.get_close_matches(last, known, n=1)
    hint = f"strings assigned there: {', '.join(known)}"
    if not known:
        hint = "assign the prompt to a name of the module, as one plain string"
    if close:
        hint = f"did you mean {close[0]!r}?"
    return SourceError.at(path, None, f"no constant {name!r} is assigned", hint)


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that a statement binds; the value only of a plain assignment."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
            else:
                yield from ((name, None) for name in _stored_names(target))
    elif isinstance(node, ast.AnnAssign):
        if node.value is not None and isinstance(node.target, ast.Name):
            yield node.target.id, node.value
    else:
        yield from ((name, None) for name in _otherwise_bound(node))


def _otherwise_bound(node: ast.AST) -> list[str]:
    """Return the names that any other statement binds, or changes the entries of."""
    if isinstance(node, (ast.AugAssign, ast.For, ast.AsyncFor, ast.NamedExpr)):
        return _stored_names(node.target)
    if isinstance(node, ast.Expr):
        return _changed_by_call(node)
    if isinstance(node, ast.Delete):
        return [name for target in node.targets for name in _stored_names(target)]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [a.asname or a.name.partition(".")[0] for a in node.names]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    return []


def _stored_names(target: ast.AST) -> list[str]:
    """Return the names that a target binds, or changes an entry of."""
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for entry in target.elts for name in _stored_names(entry)]
    # Of PROMPTS[key] the name is changed, the key only read.
    if isinstance(target, (ast.Subscript, ast.Starred, ast.Attribute)):
        return _stored_names(target.value)
    return []


def _changed_by_call(node: ast.Expr) -> list[str]:
    """Return the name of the list or dict that a call like ``X.append()`` changes."""
    call = node.value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return []
    return _stored_names(call.func.value) if call.func.attr in _CHANGING else []


def _changes_entries(node: ast.AST, name: str) -> bool:
    targets: list[ast.expr] = []
    if isinstance(node, (ast.Assign, ast.Delete)):
        targets = node.targets
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
    return isinstance(node, ast.Expr) or any(
        isinstance(target, ast.Subscript) and name in _stored_names(target)
        for target in targets
    )


def _said(node: ast.AST) -> str:
    names: dict[type[ast.AST], str] = {
        ast.Assign: "an unpacking",
        ast.AugAssign: "an augmented assignment",
        ast.Import: "an import",
        ast.ImportFrom: "an import",
        ast.FunctionDef: "a function",
        ast.AsyncFunctionDef: "a function",
        ast.ClassDef: "a class",
        ast.For: "a loop",
    }
    return names.get(type(node), "an expression")
