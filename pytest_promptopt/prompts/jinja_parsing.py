"""Parsing of Jinja templates, with errors that say where."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError, meta, nodes

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts.annotations import AnnotationError
from pytest_promptopt.prompts.dialect import JINJA
from pytest_promptopt.prompts.environment import PromptEnvironment
from pytest_promptopt.prompts.project_environment import PLAIN
from pytest_promptopt.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_promptopt.prompts.dialect import Dialect
    from pytest_promptopt.prompts.project_environment import ProjectEnvironment
    from pytest_promptopt.prompts.source import Source

TEXT_LIMIT = 1_000_000
"""Characters that a template may have."""


def parse_template(
    text: str,
    path: Path,
    line_in_file: Callable[[int], int] | None = None,
    environment: ProjectEnvironment = PLAIN,
) -> nodes.Template:
    """Parse a template's text.

    Args:
        text: Jinja2 source.
        path: Its file, for messages.
        line_in_file: Turns a line of the text into one of the file.
        environment: The project's environment.

    Raises:
        TemplateError: It is no template, is too long or too deeply nested.
    """
    check_length(text, path)
    with placed_errors(text, path, line_in_file, environment.dialect):
        return PromptEnvironment({}, environment).parse(text)


def check_length(text: str, path: Path) -> None:
    """Refuse a template that is too long for any model.

    Raises:
        TemplateError: It has more than :data:`TEXT_LIMIT` characters.
    """
    if len(text) > TEXT_LIMIT:
        raise TemplateError.at(
            path,
            None,
            f"the template has {len(text):,} characters, more than {TEXT_LIMIT:,}",
            "move data out of the template into the cases",
        )


@contextmanager
def placed_errors(
    text: str,
    path: Path,
    line_in_file: Callable[[int], int] | None = None,
    dialect: Dialect = JINJA,
) -> Iterator[None]:
    """Turn errors of reading a template into :class:`TemplateError` at a line."""
    to_file = line_in_file or int
    try:
        yield
    except TemplateSyntaxError as error:
        line = to_file(error.lineno)
        raise TemplateError.at(path, line, *_told(error, text)) from None
    except AnnotationError as error:
        line = text.count("\n", 0, error.offset) + 1
        hint = dialect.spelt(error.hint)
        raise TemplateError.at(path, to_file(line), error.problem, hint) from None
    except (RecursionError, MemoryError, SyntaxError, ValueError) as error:
        # Jinja2 compiles to Python, whose own limits can be met.
        raise TemplateError.at(
            path,
            to_file(1),
            f"the template cannot be compiled ({type(error).__name__})",
            "nest its expressions and blocks less deeply",
        ) from error


def _told(error: TemplateSyntaxError, text: str) -> tuple[str, str]:
    """Return what is wrong with a template, with its line, and what to do."""
    message = (error.message or "syntax error").rstrip(".")
    lines = text.splitlines()[error.lineno - 1 : error.lineno]
    written = "".join(lines).strip()
    problem = f"{message} in {shortened(written)}" if written else message
    if message.startswith(("No filter named", "No test named")):
        return problem, (
            "correct the name, or name the environment that has it in the ini file: "
            "promptopt_environment = myapp.llm:env"
        )
    return problem, "correct the template"


def free_variables(
    source: Source, environment: ProjectEnvironment = PLAIN
) -> frozenset[str]:
    """Return the variables that a template takes from outside, includes counted.

    Raises:
        TemplateError: It or an include uses a filter or test that does not exist.
    """
    tree = parse_template(source.text, source.path, source.line_in_file, environment)
    with placed_errors(source.text, source.path, source.line_in_file):
        free = set(meta.find_undeclared_variables(tree))
    trees = {}
    undeclared = {}
    for name, include in source.includes.items():
        trees[name] = parse_template(
            include.text, include.path, environment=environment
        )
        with placed_errors(include.text, include.path):
            undeclared[name] = meta.find_undeclared_variables(trees[name])
    bound = _bound_names(tree)
    waiting = [tree]
    seen: set[str] = set()
    while waiting:
        for name in _names_sharing_context(waiting.pop()):
            if name in trees and name not in seen:
                seen.add(name)
                # What the includer sets, e.g. the item of a loop, is not asked for.
                free |= undeclared[name] - bound
                bound |= _bound_names(trees[name])
                waiting.append(trees[name])
    return frozenset(free - PromptEnvironment({}, environment).globals.keys())


def _bound_names(tree: nodes.Template) -> set[str]:
    return {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}


def _names_sharing_context(tree: nodes.Template) -> Iterator[str]:
    """Yield the names of the templates that see the variables of this one."""
    for node in tree.find_all((nodes.Extends, nodes.Include)):
        yield from constant_names(node.template) or ()  # type: ignore[attr-defined]
    for imported in tree.find_all((nodes.Import, nodes.FromImport)):
        if imported.with_context:  # type: ignore[attr-defined]
            yield from constant_names(imported.template) or ()  # type: ignore[attr-defined]


def constant_names(target: nodes.Expr) -> list[str] | None:
    """Return the template names that an include's expression stands for.

    Returns:
        One name, or those of a list; ``None`` if they are computed.
    """
    try:
        value = target.as_const()
    except nodes.Impossible:
        return None
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)):
        return None
    return list(names) if all(isinstance(name, str) for name in names) else None
