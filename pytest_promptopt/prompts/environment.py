"""The sandbox that templates are rendered in.

Templates are data here: a pull request can change them. So they see no file but the
recorded includes, reach no Python internals, change no input and are stopped when
they grow too big. Annotations of messages become marks in the
rendered stream that no text can imitate, whatever a case holds.
"""

from __future__ import annotations

import functools
import re
import threading
from typing import TYPE_CHECKING, Any

from jinja2 import DictLoader, StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pytest_promptopt.prompts.annotations import ROLES, AnnotationError, find_marks
from pytest_promptopt.prompts.dialect import Dialect
from pytest_promptopt.prompts.pieces import split_pieces
from pytest_promptopt.prompts.project_environment import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jinja2.parser import Parser
    from jinja2.runtime import Context
    from typing_extensions import Self

    from pytest_promptopt.prompts.project_environment import ProjectEnvironment

OUTPUT_LIMIT = 1_000_000
"""Characters that one rendered prompt may have: several times any model's window."""

LOOP_LIMIT = 1_000_000
"""Steps that the ``range`` calls of one rendering may have together."""

_DIGITS_LIMIT = 6
_WIDE_FORMAT = re.compile(rf"\d{{{_DIGITS_LIMIT + 1},}}")
_WIDENING = ("center", "format", "indent")
_ROLE_TAG = "promptopt_role"


class RoleMark(str):
    """What a message annotation renders: empty text that is known by its type.

    Inputs are never of this type, so that no case can start a message.
    """

    __slots__ = ("role",)
    role: str

    def __new__(cls, role: str) -> Self:
        """Make the mark of one role."""
        mark = super().__new__(cls, "")
        mark.role = role
        return mark

    def __str__(self) -> str:
        # str() in the compiled template returns the mark itself, not a copy.
        return self


class RoleAnnotations(Extension):
    """Turns message annotations into a tag that renders a :class:`RoleMark`."""

    tags = {_ROLE_TAG}  # noqa: RUF012 - declared so by the base class

    @property
    def dialect(self) -> Dialect:
        """How the templates are written."""
        return Dialect.of(self.environment)

    def preprocess(
        self, source: str, name: str | None, filename: str | None = None
    ) -> str:
        """Replace the comments by tags, line by line in the same place."""
        del name, filename
        if "promptopt" not in source:
            return source
        try:
            marks = find_marks(split_pieces(source, self.dialect))
        except AnnotationError:
            return source  # reported, with its file, by whoever reads the regions
        opener = self.dialect.block_start_string
        closer = self.dialect.block_end_string
        for mark in reversed(marks):
            if mark.word not in ROLES:
                continue
            piece = mark.piece
            written = source[piece.start : piece.end]
            # White space around it is in neither message.
            inner = f"- {_ROLE_TAG} {mark.word}{_breaks(written)} -"
            tag = f"{opener}{inner}{closer}"
            source = source[: piece.start] + tag + source[piece.end :]
        return source

    def parse(self, parser: Parser) -> nodes.Node:
        """Parse the tag that :meth:`preprocess` wrote."""
        line = next(parser.stream).lineno
        role = parser.stream.expect("name").value
        if role not in ROLES:
            parser.fail(f"unknown message role {role!r}", line)
        mark = self.attr(f"mark_{role}", lineno=line)
        return nodes.Output([mark]).set_lineno(line)

    mark_system = RoleMark("system")
    mark_user = RoleMark("user")
    mark_assistant = RoleMark("assistant")


def _breaks(written: str) -> str:
    return "\n" * written.count("\n")


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2 as production uses it, by default or by its own environment, but confined.

    Undefined variables are errors, values are inserted as they are (a prompt is not
    HTML), and a final line break is dropped unless the project's environment keeps it.

    Args:
        includes: Every template that may be included, by the name it goes by.
        project: What the project's own environment has beside Jinja's.
    """

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(
        self, includes: Mapping[str, str], project: ProjectEnvironment = PLAIN
    ) -> None:
        super().__init__(
            loader=DictLoader(includes),
            undefined=StrictUndefined,
            autoescape=False,
            auto_reload=False,
            extensions=[RoleAnnotations, *project.extensions],
            finalize=project.finalize and _sparing_marks(project.finalize),
            **project.dialect.options(),
        )
        self.globals["range"] = self._range
        self.filters = {
            **self.filters,
            **{name: _bounded(self.filters[name]) for name in _WIDENING},
            **project.filters,
        }
        self.tests = {**self.tests, **project.tests}
        self.globals.update(project.globals)
        self._spent = threading.local()

    def start_rendering(self) -> None:
        """Begin to count loop steps for one rendering in this thread."""
        self._spent.steps = 0

    def _range(self, *bounds: int) -> range:
        steps = range(*bounds)
        self._spent.steps = getattr(self._spent, "steps", 0) + len(steps)
        if self._spent.steps > LOOP_LIMIT:
            raise SecurityError(f"range() makes more than {LOOP_LIMIT:,} steps")
        return steps

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse the operators' ways to use up the memory."""
        if operator == "*":
            _check_repeat(left, right)
            _check_repeat(right, left)
        elif operator == "**":
            _check_power(left, right)
        elif isinstance(left, str):
            _check_format(left)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call on behalf of a template; string methods may not make huge strings."""
        # The sandbox wraps str.format; what it wraps is remembered there.
        owner = getattr(getattr(obj, "__wrapped__", obj), "__self__", None)
        if isinstance(owner, str):
            _check_widths(args)
            _check_format(owner if obj.__name__.startswith("format") else "")
        return super().call(context, obj, *args, **kwargs)


def _sparing_marks(finalize: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(finalize)
    def finalized(*args: Any) -> Any:
        return args[-1] if isinstance(args[-1], RoleMark) else finalize(*args)

    return finalized


def _bounded(widen: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(widen)  # keeps Jinja2's marks, e.g. "wants the environment"
    def checked(*args: Any, **kwargs: Any) -> Any:
        _check_widths((*args, *kwargs.values()))
        if widen.__name__ == "do_format":
            _check_format(str(args[0]))
        return widen(*args, **kwargs)

    return checked


def _check_widths(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, int) and abs(value) > OUTPUT_LIMIT:
            raise SecurityError(f"a text {value:,} characters wide is too long")


def _check_format(text: str) -> None:
    if "%*" in text or _WIDE_FORMAT.search(text):
        raise SecurityError(f"the format {text[:40]!r} is too wide")


def _check_repeat(what: Any, times: Any) -> None:
    if isinstance(what, (str, bytes, list, tuple)) and isinstance(times, int):
        length = len(what) * times
        if length > OUTPUT_LIMIT:
            raise SecurityError(f"'*' makes a text of {length:,} characters")


def _check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int):
        bits = base.bit_length() * max(exponent, 0)
        if bits > OUTPUT_LIMIT:
            raise SecurityError("'**' makes too big a number")


def role_lines_in_captures(tree: nodes.Template) -> tuple[int, ...]:
    """Return the lines of message annotations whose text is captured, hence lost."""
    captures = (nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock)
    return tuple(
        sorted(
            output.lineno
            for capture in tree.find_all(captures)
            for output in capture.find_all(nodes.Output)
            if any(isinstance(n, nodes.ExtensionAttribute) for n in output.nodes)
        )
    )
