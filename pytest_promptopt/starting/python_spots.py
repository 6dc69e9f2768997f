"""Prompts in Python files: found in the syntax tree, nothing is imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.prompts.key_form import is_constant
from pytest_promptopt.prompts.key_path import in_brackets
from pytest_promptopt.prompts.python_value import value_of
from pytest_promptopt.starting.local_texts import local_texts, text_within
from pytest_promptopt.starting.python_bytes import may_hold_local_texts
from pytest_promptopt.starting.signs import is_prompt_name, is_prompt_path, likeness
from pytest_promptopt.starting.spot import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_promptopt.prompts.key_path import Steps

_DEEPEST = 6
"""Dicts and lists within one another that are looked into."""

_AROUND_TEXTS = frozenset({"cleandoc", "dedent", "format", "lstrip", "rstrip", "strip"})


def python_spots(file: str, data: bytes, module: str) -> Iterator[Spot]:
    """Yield what looks like prompts in a Python file, in order of the names.

    Args:
        file: Its path relative to the project's root.
        data: Its bytes.
        module: Its dotted name; empty if it has none that Python could import.
    """
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    reading = _Reading(file=file, module=module, tree=tree)
    yield from reading.scope(tree.body, "")
    if may_hold_local_texts(data):
        yield from local_texts(file, tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A file, parsed, and how its constants are named."""

    file: str
    module: str
    tree: ast.Module

    def scope(self, body: Sequence[ast.AST], owner: str) -> Iterator[Spot]:
        """Yield the prompts among the names of a module or class."""
        seen = set()
        for statement in _statements(body):
            if isinstance(statement, ast.ClassDef):
                yield from self.scope(statement.body, f"{owner}{statement.name}.")
            for name, value in _assigned(statement):
                if name not in seen and not name.startswith("__"):
                    yield from self._entries(value, f"{owner}{name}", (), name)
                seen.add(name)

    def _entries(
        self, node: ast.expr, constant: str, steps: Steps, called: str
    ) -> Iterator[Spot]:
        """Yield the prompts in a value.

        Args:
            node: The value.
            constant: The name of the constant that it is in.
            steps: The way from there to the value.
            called: The names on that way, which may say that it is a prompt.
        """
        if isinstance(node, ast.Call) and not _keeps_a_text(node):
            return
        value = value_of(self.tree, node)
        messages = _messages(self.tree, node)
        if messages or value.kind in ("text", "other"):
            text = value.text or messages or text_within(node)
            name = constant + in_brackets(steps)
            # Nothing but a chat with a model has roles and contents.
            yield from self._spot(node, name, text, "prompt" if messages else called)
        elif len(steps) < _DEEPEST:
            for step, entry in _within(node):
                way = (*steps, step)
                yield from self._entries(entry, constant, way, f"{called} {step}")

    def _spot(
        self, node: ast.expr, name: str, text: str, called: str
    ) -> Iterator[Spot]:
        named = is_prompt_name(called) or is_prompt_path(self.file)
        found = likeness(text, named=named)
        if found == "no":
            return
        key = f"{self.module}:{name}"
        usable = bool(self.module) and is_constant(key)
        yield Spot(
            file=self.file,
            line=node.lineno,
            key=key if usable else "",
            name=name,
            text=text,
            sure=found == "yes",
            problem="" if usable else "cannot be named as module:NAME",
            hint=""
            if usable
            else "give its folders and files names that Python can import, or add the "
            "folder to pytest's ini key pythonpath",
        )


def _statements(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the statements of a scope, also those under if, try and with."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.If, ast.Try, ast.With)):
            yield from _statements(statement.body)
            yield from _statements(getattr(statement, "orelse", ()))


def _assigned(statement: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    value = getattr(statement, "value", None)
    for target in targets:
        if isinstance(target, ast.Name) and value is not None:
            yield target.id, value


def _keeps_a_text(call: ast.Call) -> bool:
    """Tell whether a call may be one around a literal; asking imports takes long."""
    called = call.func
    name = called.attr if isinstance(called, ast.Attribute) else None
    if isinstance(called, ast.Name):
        name = called.id
    return name in _AROUND_TEXTS


def _within(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield the entries of a dict, list or tuple by their keys."""
    if isinstance(node, ast.Dict):
        for key, entry in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, (str, int)):
                yield str(key.value), entry
    elif isinstance(node, (ast.List, ast.Tuple)):
        for at, entry in enumerate(node.elts):
            yield str(at), entry


def _messages(tree: ast.Module, node: ast.expr) -> str:
    """Return the texts of a list of chat messages; empty if it is none."""
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
        return ""
    texts = []
    for entry in node.elts:
        fields = dict(_within(entry))
        if not {"role", "content"} <= set(fields):
            return ""
        content = fields["content"]
        texts.append(value_of(tree, content).text or text_within(content))
    return "\n".join(texts)
