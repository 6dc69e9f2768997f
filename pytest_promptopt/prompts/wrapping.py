"""Calls around a string literal that only move its white space, as is often done.

``textwrap.dedent("...")``, ``inspect.cleandoc("...")`` and ``.strip()`` behind either
or behind the literal itself: their result is the text, and a new text is written so
that they give it.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FUNCTIONS: dict[str, Callable[[str], str]] = {
    "textwrap.dedent": textwrap.dedent,
    "inspect.cleandoc": inspect.cleandoc,
}
_METHODS: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
}
_CUTS_FRONT = frozenset({"inspect.cleandoc", "strip", "lstrip"})
_INDENTATION = re.compile(r"^([ \t]+)(?=\S)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A string literal and the calls around it.

    Attributes:
        literal: The literal.
        calls: The calls, the innermost first; ``"textwrap.dedent"``, ``"strip"``.
    """

    literal: ast.Constant
    calls: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        """The string that the literal stands for."""
        return str(self.literal.value)

    @property
    def text(self) -> str:
        """The text that the calls make of it."""
        return self._called(self.written)

    @property
    def lines_cut(self) -> int:
        """How many lines the calls cut from the front."""
        if _CUTS_FRONT.isdisjoint(self.calls):
            return 0
        before = self.written[: len(self.written) - len(self.written.lstrip())]
        return before.count("\n")

    def strings_for(self, text: str) -> Iterator[str]:
        """Yield strings for the literal of which the calls make a text."""
        if not self.calls:
            yield text
            return
        for string in (self._like_before(text), text):
            if self._called(string) == text:
                yield string

    def _called(self, string: str) -> str:
        for call in self.calls:
            string = (_FUNCTIONS.get(call) or _METHODS[call])(string)
        return string

    def _like_before(self, text: str) -> str:
        old = self.written
        margin = min(_INDENTATION.findall(old), key=len, default="")
        if self.calls == ("strip",) or not any(c in _FUNCTIONS for c in self.calls):
            margin = ""
        head = old[: len(old) - len(old.lstrip())].rpartition("\n")
        tail = old[len(old.rstrip()) :].partition("\n")
        lines = textwrap.indent(text, margin)
        if not head[1] and not old.startswith(margin):
            lines = lines.removeprefix(margin)  # it starts right behind the quotes
        elif head[1] and not _CUTS_FRONT.isdisjoint(self.calls):
            lines = head[0] + head[1] + lines
        if tail[1] and not text.endswith("\n"):
            return lines + tail[1] + tail[2]
        return lines + tail[2].rpartition("\n")[2] if tail[1] else lines


def unwrapped(tree: ast.Module, value: ast.expr) -> Wrapped | None:
    """Return the literal in an expression and what is called on it.

    Args:
        tree: The file, whose imports say what the names are.
        value: The expression.

    Returns:
        ``None`` if the expression is anything else.
    """
    if isinstance(value, ast.Constant):
        return Wrapped(literal=value) if isinstance(value.value, str) else None
    if not isinstance(value, ast.Call) or value.keywords:
        return None
    called = value.func
    if isinstance(called, ast.Attribute) and not value.args:
        name, inner = called.attr, called.value
        known = name in _METHODS
    elif len(value.args) == 1:
        name, inner = _full_name(tree, called), value.args[0]
        known = name in _FUNCTIONS
    else:
        return None
    within = unwrapped(tree, inner) if known else None
    if within is None:
        return None
    return Wrapped(literal=within.literal, calls=(*within.calls, name))


def _full_name(tree: ast.Module, called: ast.expr) -> str:
    """Return what a called name is imported as, e.g. ``"textwrap.dedent"``."""
    written = ast.unparse(called)
    first, _, rest = written.partition(".")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if (alias.asname or alias.name) == first and rest:
                    return f"{alias.name}.{rest}"
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == first and not rest:
                    return f"{node.module}.{alias.name}"
    return ""
