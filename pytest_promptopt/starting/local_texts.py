"""Prompts that are put together inside a function, where no prompt test can reach."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pytest_promptopt.prompts.python_value import value_of
from pytest_promptopt.starting.signs import is_prompt_name, likeness
from pytest_promptopt.starting.spot import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def text_within(node: ast.expr) -> str:
    """Return what is written out of a text that is computed.

    Returns:
        The literals of an f-string, a sum or a ``.format()`` call, with ``{_}`` where
        values go; empty for every other expression.
    """
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.FormattedValue):
        return "{_}"
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text_within, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        left, right = text_within(node.left), text_within(node.right)
        return (left or "{_}") + (right or "{_}") if left or right else ""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("format", "strip")
    ):
        return text_within(node.func.value)
    return ""


def local_texts(file: str, tree: ast.Module) -> Iterator[Spot]:
    """Yield the texts inside functions that look like prompts, with what to do.

    Args:
        file: The file's path relative to the project's root.
        tree: Its syntax tree.
    """
    seen: set[int] = set()
    for function, name, node in _texts(tree, ""):
        written = value_of(tree, node)
        text = written.text or text_within(node)
        if node.lineno in seen or likeness(text, named=True) == "no":
            continue
        seen.add(node.lineno)
        yield Spot(
            file=file,
            line=node.lineno,
            key="",
            name=name,
            text=text,
            sure=True,
            problem=f"is {written.said}"
            if written.said
            else f"stands inside the function {function!r}",
            hint="make it a constant of the module, a plain string with "
            "{{ variable }} where the values go, and render it in the function"
            if written.said
            else "make it a constant of the module, and use that in the function",
        )


def _texts(node: ast.AST, function: str) -> Iterator[tuple[str, str, ast.expr]]:
    """Yield the function, the name and the value of what may be a prompt in it."""
    for child in ast.iter_child_nodes(node):
        if function and isinstance(child, ast.Assign):
            target = child.targets[0]
            if isinstance(target, ast.Name) and is_prompt_name(target.id):
                yield function, target.id, child.value
        elif function and isinstance(child, ast.Dict):
            content = _content(child)
            if content is not None:
                yield function, "a message", content
        inner = child.name if isinstance(child, _FUNCTIONS) else function
        yield from _texts(child, inner)


def _content(node: ast.Dict) -> ast.expr | None:
    """Return the content of a chat message."""
    fields = {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
    }
    return fields.get("content") if "role" in fields else None
