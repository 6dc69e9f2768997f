"""The ``prompt`` marker of a test, read from its module's text.

Nothing is executed: the text may be of another commit, whose imports are not there.
What only running it would tell is unknown.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError
from pytest_promptopt.items.base_names import Module, Scope
from pytest_promptopt.items.named_sources import named_sources
from pytest_promptopt.settings import GATES, SYNTAXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_promptopt.prompts.source import Places, Syntaxes

_MARKER = "pytest.mark.prompt"
_ROLES = ("system", "user", "assistant")
_DEPTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseMark:
    """The arguments of a ``prompt`` marker, as far as its text says them.

    Attributes:
        sources: Message role to place, or name of a prompt to that; ``None`` if
            unknown.
        cases: Path of the case file; ``None`` if unknown or given in another way.
        min_score: Floor of the accuracy, in [0, 1].
        limits: Part of the scores to its limit as written.
        gate: ``"enforce"``, ``"report"`` or ``None``: as the ini key says.
        model: Name of the task model, if it differs from the run's.
        request: Model settings, or the place of a constant that holds them; or one
            of the two by the names of several prompts.
        scorer: Name of a scorer, or ``None``: the body decides.
        syntax: What the sources are written in, or message role, or name of a prompt,
            to that.
        known: The names, of those above, that are known, also to have their default;
            the others have it too, and mean nothing.
    """

    sources: Places | None = None
    cases: str | None = None
    min_score: float | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    gate: str | None = None
    model: str | None = None
    request: Mapping[str, Any] | str = field(default_factory=dict)
    scorer: str | None = None
    syntax: Syntaxes = ""
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What a marker was called with, and where that was written."""

    scope: Scope
    args: tuple[ast.expr, ...] = ()
    keywords: tuple[ast.keyword, ...] = ()


def has_test(source: str, qualified_name: str) -> bool:
    """Tell whether a module's text may have a test function, marked or not.

    Raises:
        SourceError: The text is no Python.
    """
    return Module.parse(source).find(qualified_name) is not None


def mark_at(source: str, qualified_name: str) -> BaseMark | None:
    """Read the marker that holds for a test function.

    That of the function wins, then its class's, then the module's ``pytestmark``. A
    marker that another module or a hook makes cannot be seen.

    Args:
        source: Text of the test module.
        qualified_name: Classes, function and parameter id, for example
            ``"TestShop.test_triage[small]"``.

    Returns:
        ``None`` if there is no such function, or it has no marker. A mark of which
        nothing is known if it has one, or may have inherited one, that only running
        the module would tell.

    Raises:
        SourceError: The text is no Python.
    """
    module = Module.parse(source)
    test = module.find(qualified_name)
    if test is None:
        return None
    if test.function is None:
        return BaseMark()
    levels = [_marks(module, test.function.decorator_list, test.scope)]
    levels += [
        [mark for node, scope in family for mark in _class_marks(module, node, scope)]
        for family in test.classes
    ]
    levels.append(_pytestmark(module, module.scope))
    for marks in levels:
        if marks:
            # Which of several holds depends on parameters and on pytest's version.
            only = marks[0] if len(marks) == 1 else None
            return BaseMark() if only is None else _read(module, only)
    return None


def _class_marks(
    module: Module, node: ast.ClassDef, scope: Scope
) -> list[_Call | None]:
    own = _pytestmark(module, Scope.of(node.body))
    return [*_marks(module, node.decorator_list, scope), *own]


def _pytestmark(module: Module, scope: Scope) -> list[_Call | None]:
    values = scope.names.get("pytestmark", [])
    if len(values) == 1 and isinstance(values[0], ast.expr):
        return _marks(module, [values[0]], scope)
    # Assigned twice, or added to: which marks hold, only running it would tell.
    mentioned = any(_mentions_marker(module, value, scope) for value in values)
    return [None] if mentioned else []


def _marks(
    module: Module, expressions: Sequence[ast.expr], scope: Scope
) -> list[_Call | None]:
    """Return the prompt markers among expressions; ``None`` for one inside another."""
    marks: list[_Call | None] = []
    for expression in _flattened(module, expressions, scope, _DEPTH):
        call = _call(module, expression, scope, _DEPTH)
        if call is not None:
            marks.append(call)
        elif _mentions_marker(module, expression, scope):
            marks.append(None)
    return marks


def _flattened(
    module: Module, expressions: Sequence[ast.expr], scope: Scope, depth: int
) -> Iterator[ast.expr]:
    for expression in expressions:
        value: ast.expr | None = expression
        if isinstance(expression, ast.Name):
            value = module.value(expression.id, scope)
        if isinstance(value, (ast.List, ast.Tuple)) and depth:
            yield from _flattened(module, value.elts, scope, depth - 1)
        else:
            yield expression


def _call(
    module: Module, expression: ast.expr, scope: Scope, depth: int
) -> _Call | None:
    """Return what a marker is called with; ``None`` if it is no prompt marker."""
    if depth == 0:
        return None
    if module.dotted(expression, scope) == _MARKER:
        return _Call(scope=scope)
    if isinstance(expression, ast.Name):
        value = module.value(expression.id, scope)
        return None if value is None else _call(module, value, scope, depth - 1)
    if isinstance(expression, ast.Attribute) and expression.attr == "with_args":
        return _call(module, expression.value, scope, depth - 1)
    if not isinstance(expression, ast.Call):
        return None
    # A marker that is called again has the arguments of both calls.
    first = _call(module, expression.func, scope, depth - 1)
    if first is None:
        return None
    return _Call(
        scope=scope,
        args=(*first.args, *expression.args),
        keywords=(*first.keywords, *expression.keywords),
    )


def _mentions_marker(
    module: Module, node: ast.AST, scope: Scope, depth: int = 3
) -> bool:
    """Tell whether a marker stands somewhere inside, as in ``pytest.param``."""
    for part in ast.walk(node):
        if not isinstance(part, (ast.Name, ast.Attribute)):
            continue
        if module.dotted(part, scope) == _MARKER:
            return True
        value = module.value(part.id, scope) if isinstance(part, ast.Name) else None
        if value is None or depth == 0:
            continue
        if _mentions_marker(module, value, scope, depth - 1):
            return True
    return False


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "cases": lambda value: isinstance(value, str),
    "gate": lambda value: value in GATES,
    "limits": lambda value: (
        isinstance(value, Mapping)
        and all(isinstance(text, str) for pair in value.items() for text in pair)
    ),
    "min_score": lambda value: (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and 0 <= value <= 1
    ),
    "model": lambda value: isinstance(value, str),
    "request": lambda value: (
        isinstance(value, str)
        or (isinstance(value, Mapping) and all(isinstance(key, str) for key in value))
    ),
    "scorer": lambda value: isinstance(value, str),
    "syntax": lambda value: _is_syntax(value, depth=2),
}


def _is_syntax(value: Any, depth: int) -> bool:
    """Whether it is a syntax, or a mapping to such by role, or by name and role."""
    if isinstance(value, Mapping) and depth:
        return all(_is_syntax(entry, depth - 1) for entry in value.values())
    return value in SYNTAXES


def _read(module: Module, call: _Call) -> BaseMark:
    given, complete = _keywords(module, call)
    known: dict[str, Any] = {}
    defaults = {name for name in _CHECKS if name not in given and complete}
    for name, check in _CHECKS.items():
        readable, value = given.get(name, (False, None))
        if readable and value is None:
            defaults.add(name)
        elif readable and check(value):
            known[name] = float(value) if name == "min_score" else value
    sources = _sources(module, call, given, complete=complete)
    names = frozenset({*known, *defaults})
    if sources is not None:
        names |= {"sources"}
    return BaseMark(sources=sources, known=names, **known)


def _keywords(module: Module, call: _Call) -> tuple[dict[str, tuple[bool, Any]], bool]:
    """Return each keyword's value, if readable, and whether these are all."""
    given: dict[str, tuple[bool, Any]] = {}
    complete = True
    for keyword in call.keywords:
        readable, value = _literal(module, keyword.value, call.scope)
        if keyword.arg is not None:
            given[keyword.arg] = (readable, value)
        elif readable and isinstance(value, Mapping):
            given.update({str(name): (True, part) for name, part in value.items()})
        else:
            complete = False
    return given, complete


def _sources(
    module: Module,
    call: _Call,
    given: Mapping[str, tuple[bool, Any]],
    *,
    complete: bool,
) -> Places | None:
    named = {role: given[role] for role in _ROLES if role in given}
    if call.args:
        if named or len(call.args) > 1:
            return None
        named = {"": _literal(module, call.args[0], call.scope)}
    elif not complete:
        return None
    if call.args and isinstance(named[""][1], Mapping):
        try:
            return named_sources(named[""][1])
        except SettingError:
            return None  # the run at the base says it
    if not named or not all(isinstance(value, str) for _, value in named.values()):
        return None
    return {role: value for role, (_, value) in named.items()}


def _literal(module: Module, node: ast.expr, scope: Scope) -> tuple[bool, Any]:
    """Evaluate a literal, in which names may stand for literals of the module."""
    resolved = _Constants(module, scope).visit(copy.deepcopy(node))
    try:
        return True, ast.literal_eval(resolved)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False, None


class _Constants(ast.NodeTransformer):
    """Puts the values of constants in the place of their names."""

    def __init__(self, module: Module, scope: Scope, depth: int = 5) -> None:
        self.module = module
        self.scope = scope
        self.depth = depth

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.module.value(node.id, self.scope)
        if value is None or not self.depth:
            return node
        inner = _Constants(self.module, self.scope, self.depth - 1)
        found: ast.expr = inner.visit(copy.deepcopy(value))
        return found
