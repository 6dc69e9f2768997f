"""From a Jinja template and a case's inputs to chat messages."""

from __future__ import annotations

import difflib
import re
import traceback
from typing import TYPE_CHECKING, Any, cast

from jinja2.exceptions import SecurityError, TemplateNotFound, UndefinedError

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts.environment import (
    OUTPUT_LIMIT,
    PromptEnvironment,
    RoleMark,
)
from pytest_promptopt.prompts.jinja_parsing import placed_errors
from pytest_promptopt.prompts.project_environment import PLAIN
from pytest_promptopt.records import Message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_promptopt.prompts.project_environment import ProjectEnvironment
    from pytest_promptopt.prompts.source import Source
    from pytest_promptopt.records import Role

_MISSING = re.compile(r"'(.+)' is undefined")


class Renderer:
    """A source, compiled once and rendered for every case.

    Args:
        source: The source; its includes are all that it can read.
        environment: The project's environment.

    Raises:
        TemplateError: It does not compile.
    """

    def __init__(self, source: Source, environment: ProjectEnvironment = PLAIN) -> None:
        self._source = source
        self._environment = PromptEnvironment(
            {name: include.text for name, include in source.includes.items()},
            environment,
        )
        dialect = environment.dialect
        with placed_errors(source.text, source.path, source.line_in_file, dialect):
            self._template = self._environment.from_string(source.text)
        # Jinja copies them for every rendering, out of a chain of mappings else.
        self._template.globals = dict(self._template.globals)

    def render(self, inputs: Mapping[str, Any]) -> tuple[Message, ...]:
        """Render the messages of this source for one case's inputs.

        Args:
            inputs: The template variables; values of any kind, never templates.

        Returns:
            One message, or as many as its annotations start.

        Raises:
            TemplateError: A variable is missing, the sandbox forbids something, or
                the template fails or renders too much.
        """
        try:
            return self._messages(inputs)
        except TemplateError:
            raise
        except Exception as error:
            raise self._placed(error, inputs) from error

    def _messages(self, inputs: Mapping[str, Any]) -> tuple[Message, ...]:
        role: Role = self._source.role or "user"
        messages: list[Message] = []
        parts: list[str] = []
        length = 0
        started = False
        self._environment.start_rendering()
        context = self._template.new_context(dict(inputs))
        for part in self._template.root_render_func(context):
            if isinstance(part, RoleMark):
                if started:
                    messages.append(Message(role=role, content="".join(parts)))
                else:
                    self._check_start("".join(parts))
                role, parts, started = cast("Role", part.role), [], True
                continue
            length += len(part)
            if length > OUTPUT_LIMIT:
                raise SecurityError(f"it renders more than {OUTPUT_LIMIT:,} characters")
            parts.append(part)
        messages.append(Message(role=role, content="".join(parts)))
        return tuple(messages)

    def _check_start(self, text: str) -> None:
        if text.strip():
            raise TemplateError.at(
                self._source.path,
                self._source.line,
                f"{text.strip()[:40]!r} is rendered before the first message starts",
                "put it behind a {# promptopt: system -#} or {# promptopt: user -#}",
            )

    def _placed(self, error: Exception, inputs: Mapping[str, Any]) -> TemplateError:
        path, line = self._failing_line(error)
        if isinstance(error, UndefinedError):
            problem = (error.message or "a value is undefined").rstrip(".")
            return TemplateError.at(path, line, problem, _hint_undefined(error, inputs))
        if isinstance(error, SecurityError):
            problem = (error.message or "").rstrip(".")
            hint = "templates may only read their inputs; remove the expression"
            if "more than" in problem or "too" in problem:
                hint = "shorten the loop or the text"
            return TemplateError.at(path, line, f"refused: {problem}", hint)
        if isinstance(error, RecursionError):
            return TemplateError.at(
                path,
                line,
                "the template includes or calls itself without end",
                "break the circle",
            )
        if isinstance(error, TemplateNotFound):
            problem = f"template {error.name!r} does not exist"
            return TemplateError.at(
                path, line, problem, "create it or correct the name"
            )
        problem = f"rendering failed: {type(error).__name__}: {error}"
        return TemplateError.at(
            path, line, problem, "correct the expression, or the case's inputs"
        )

    def _failing_line(self, error: Exception) -> tuple[Path, int]:
        source = self._source
        path, line = source.path, source.line
        for frame, python_line in traceback.walk_tb(error.__traceback__):
            template = frame.f_globals.get("__jinja_template__")
            if template is None:
                continue
            found = template.get_corresponding_lineno(python_line)
            if template.name in source.includes:
                path, line = source.includes[template.name].path, found
            else:
                path, line = source.path, source.line_in_file(found)
        return path, line


def _hint_undefined(error: UndefinedError, inputs: Mapping[str, Any]) -> str:
    match = _MISSING.fullmatch(error.message or "")
    name = match[1] if match else ""
    return hint_missing(name, inputs, "add the field or test it with 'is defined'")


def hint_missing(name: str, inputs: Mapping[str, Any], advice: str) -> str:
    """Say which input may have been meant, or which there are and what to do.

    Args:
        name: The input that is not there; empty if that is not known.
        inputs: Those that are.
        advice: What to do if none is like it.
    """
    names = sorted(map(str, inputs))
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    given = ", ".join(map(repr, names)) or "none"
    return f"the inputs are: {given}; {advice}"
