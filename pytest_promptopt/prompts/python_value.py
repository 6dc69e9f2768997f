"""What the expressions of a Python file hold, as far as they are written out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError
from pytest_promptopt.prompts.document import Value, missing
from pytest_promptopt.prompts.wrapping import unwrapped

if TYPE_CHECKING:
    from pytest_promptopt.prompts.key_path import Steps
    from pytest_promptopt.prompts.python_constant import PythonDocument


def value_of(tree: ast.Module, node: ast.expr) -> Value:
    """Return what an expression holds.

    Args:
        tree: Its file.
        node: The expression.
    """
    wrapped = unwrapped(tree, node)
    if wrapped is not None:
        return Value(kind="text", line=node.lineno, text=wrapped.text)
    if isinstance(node, ast.Dict):
        names = [key for key in map(_entry_name, node.keys) if key is not None]
        return Value(kind="table", line=node.lineno, names=tuple(dict.fromkeys(names)))
    if isinstance(node, (ast.List, ast.Tuple)) and not _starred(node):
        return Value(kind="list", line=node.lineno, length=len(node.elts))
    said, hint = _refusal(node)
    return Value(kind="other", line=node.lineno, said=said, hint=hint)


def step_into(document: PythonDocument, node: ast.expr, steps: Steps) -> ast.expr:
    """Return an entry of a dict, list or tuple.

    Args:
        document: The file.
        node: What holds the entry.
        steps: The place of the entry.

    Raises:
        SourceError: It has no such entry, or has it twice.
    """
    *before, step = steps
    value = value_of(document.tree, node)
    if isinstance(node, ast.Dict):
        found = [
            entry
            for key, entry in zip(node.keys, node.values, strict=True)
            if _entry_name(key) == step
        ]
        if len(found) > 1:
            raise SourceError.at(
                document.path,
                found[-1].lineno,
                f"{document.name(steps)!r} is written on line {found[0].lineno} and "
                f"again on line {found[-1].lineno}",
                "keep one of the two entries",
            )
        if found:
            return found[0]
        spread = [
            entry
            for key, entry in zip(node.keys, node.values, strict=True)
            if key is None
        ]
        extra = ""
        if spread:
            extra = (
                f"name the place that **{ast.unparse(spread[0])[:40]} takes it from: "
                "only entries written out can be edited"
            )
        raise missing(document, value, tuple(before), step, extra)
    if isinstance(node, (ast.List, ast.Tuple)) and value.kind == "list":
        if step.isdecimal() and int(step) < value.length:
            return node.elts[int(step)]
        raise missing(document, value, tuple(before), step)
    raise missing(document, value, tuple(before), step)


def _entry_name(key: ast.expr | None) -> str | None:
    if isinstance(key, ast.Constant) and isinstance(key.value, (str, int)):
        return str(key.value)
    return None


def _starred(node: ast.List | ast.Tuple) -> bool:
    return any(isinstance(entry, ast.Starred) for entry in node.elts)


def _refusal(value: ast.expr) -> tuple[str, str]:
    """Say what an expression is, and what makes it a text."""
    plain = "write it as one plain string"
    if isinstance(value, ast.JoinedStr):
        return (
            "an f-string, whose text exists only when the program runs",
            "write a plain string with {{ variable }} where the values go",
        )
    if isinstance(value, ast.Constant) and isinstance(value.value, bytes):
        return "bytes, not text", "delete the b prefix"
    if isinstance(value, ast.BinOp):
        return _refusal_of_operator(value)
    if isinstance(value, ast.Call):
        return _refusal_of_call(value)
    if isinstance(value, (ast.List, ast.Tuple)):
        return (
            "a list that takes entries from elsewhere with '*'",
            "write all entries out",
        )
    if isinstance(value, ast.Constant):
        return f"{value.value!r}, not a string", plain
    return f"{ast.unparse(value)[:40]!r}, not a string", plain


def _refusal_of_operator(value: ast.BinOp) -> tuple[str, str]:
    if isinstance(value.op, ast.Mod):
        return "formatted with '%'", "write {{ variable }} where the values go"
    if isinstance(value.op, ast.Add):
        names = [
            ast.unparse(part)
            for part in _added(value)
            if not (isinstance(part, ast.Constant) and isinstance(part.value, str))
        ]
        if not names:
            return (
                "joined with '+', so that no one literal holds it",
                "put the literals in parentheses without '+': they join by themselves",
            )
        return (
            f"joined with '+' from {names[0][:40]!r} and others, so that its text "
            "exists only when the program runs",
            "write one plain string with {{ variable }} where the values go",
        )
    return f"computed: {ast.unparse(value)[:40]!r}", "write it as one plain string"


def _added(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return [*_added(value.left), *_added(value.right)]
    return [value]


def _refusal_of_call(value: ast.Call) -> tuple[str, str]:
    called = value.func
    if isinstance(called, ast.Attribute) and called.attr == "format":
        return (
            "filled in by .format() where it is assigned",
            "assign the plain string, and call .format() where it is used",
        )
    return (
        f"the result of the call {ast.unparse(called)[:40]!r}",
        "write it as one plain string and call where it is used",
    )
