"""Regions of whole example cases: how the cases are written there.

An example is written by the region's pattern, if it has one, else by name: each input
and then ``expected``. What the cases hold is text for the model and never becomes a
part of the template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import TemplateError
from pytest_promptopt.prompts.annotations import AnnotationError
from pytest_promptopt.prompts.data_text import data_text, is_constant_piece
from pytest_promptopt.prompts.hidden import hidden_characters
from pytest_promptopt.prompts.pieces import split_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_promptopt.prompts.annotations import Span
    from pytest_promptopt.prompts.dialect import Dialect
    from pytest_promptopt.prompts.project_environment import ProjectEnvironment
    from pytest_promptopt.records import Case

EXPECTED = "expected"

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRegion:
    """A region that whole cases can be written into.

    Attributes:
        address: As of any region.
        head: The comment with the pattern, as it is written; empty without one.
        pattern: How one example looks, with the names of inputs in the delimiters of
            variables; empty for the names and values of all inputs.
        environment: The project's Jinja environment.
    """

    address: str
    head: str = ""
    pattern: str = ""
    environment: ProjectEnvironment

    @property
    def names(self) -> frozenset[str]:
        """The names that the pattern fills in, without what follows a dot."""
        return frozenset(
            slot[1].strip().partition(".")[0]
            for slot in _slot(self.environment.dialect).finditer(self.pattern)
        )

    def example(self, case: Case) -> str | None:
        """Return what the model reads of one case.

        Returns:
            The text; ``None`` if the case cannot be an example: it lacks what the
            pattern names, has no ``expected``, or has characters that nobody sees.
        """
        if not case.has_expected:
            return None
        known = {**case.inputs, EXPECTED: case.expected}
        text = self._filled(known) if self.pattern else _listed(known)
        if text is None or not text.strip():
            return None
        text = re.sub(r"\r\n?", "\n", text).strip()
        return None if hidden_characters(text) else text

    def written(self, case: Case) -> str | None:
        """Return the same as template text; ``None`` if there is no way to write it."""
        text = self.example(case)
        return None if text is None else data_text(text, self.environment)

    def write(self, cases: Sequence[Case]) -> str:
        """Return the text of the region with some cases in it, in this order.

        Raises:
            TemplateError: A case cannot be an example.
        """
        parts = []
        for case in cases:
            part = self.written(case)
            if part is None:
                raise TemplateError(
                    f"case {case.id!r} cannot be an example in {self.address}",
                    "choose another case",
                )
            parts.append(part)
        # Examples of one line are a list; longer ones need an empty line between them.
        between = "\n" if self.pattern and "\n" not in self.pattern else "\n\n"
        body = between.join(parts)
        return f"{self.head}\n{body}".strip()

    def _filled(self, known: Mapping[str, Any]) -> str | None:
        parts: list[str] = []
        position = 0
        for slot in _slot(self.environment.dialect).finditer(self.pattern):
            value = _value(known, slot[1].strip())
            if value is None:
                return None
            parts += [self.pattern[position : slot.start()], value]
            position = slot.end()
        return "".join([*parts, self.pattern[position:]])


def example_region(
    address: str, text: str, span: Span, environment: ProjectEnvironment
) -> ExampleRegion | None:
    """Return the region that cases can be written into.

    Args:
        address: Its address.
        text: The text of its whole source.
        span: Its place there.
        environment: The project's Jinja environment.

    Returns:
        The region; ``None`` if what stands in it depends on the inputs, and would be
        lost.
    """
    stands = split_pieces(text[span.start : span.end], environment.dialect)
    if not all(piece.kind == "comment" or is_constant_piece(piece) for piece in stands):
        return None
    if span.example is None:
        return ExampleRegion(address=address, environment=environment)
    return ExampleRegion(
        address=address,
        head=span.head,
        pattern=span.example.pattern,
        environment=environment,
    )


def check_pattern(span: Span, dialect: Dialect) -> None:
    """Make sure that the pattern of a region fills in names and nothing else.

    Raises:
        AnnotationError: It does not, or it never fills in what is expected.
    """
    if span.example is None:
        return
    paths = []
    for slot in _slot(dialect).finditer(span.example.pattern):
        path = slot[1].strip()
        if not _PATH.fullmatch(path):
            raise AnnotationError(
                span.example.piece.start,
                f"the pattern of region {span.name!r} has {slot[0]!r}, which is more "
                "than a name",
                "name an input of the cases, one of its fields, or expected",
            )
        paths.append(path.partition(".")[0])
    if EXPECTED not in paths:
        raise AnnotationError(
            span.example.piece.start,
            f"the pattern of region {span.name!r} does not say what is expected",
            "write "
            f"{dialect.variable_start_string} {EXPECTED} {dialect.variable_end_string} "
            "where the answer stands",
        )


def _slot(dialect: Dialect) -> re.Pattern[str]:
    start = re.escape(dialect.variable_start_string)
    end = re.escape(dialect.variable_end_string)
    return re.compile(f"{start}(.*?){end}", re.DOTALL)


def _value(known: Mapping[str, Any], path: str) -> str | None:
    value: Any = known
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return _as_text(value)


def _listed(known: Mapping[str, Any]) -> str:
    return "\n".join(_line(name, _as_text(value)) for name, value in known.items())


def _line(name: str, text: str) -> str:
    """Return a value behind its name, or indented below if it has several lines."""
    lines = text.splitlines()
    if len(lines) <= 1:
        return f"{name}: {text}".rstrip()
    return "\n".join([f"{name}:", *(f"  {line}".rstrip() for line in lines)])


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
