"""The fields of a ``str.format`` template: ``{name}``, ``{name!r}``, ``{price:.2f}``.

Read without ``str.format``, which would also let a template walk into the attributes
of its inputs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDEST = 9_999
"""Characters or digits that a field may ask for, to keep a prompt a prompt."""

_NAME = re.compile(r"[^\W\d]\w*")
# An escape, a field as far as its brace, or a brace that belongs to neither.
_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|[{}]")
_NAME_END = re.compile(r"[!:{}]")
_FIELD = re.compile(r"\{[^!:{}]*(?:!([^:{}]*))?(?::([^{}]*))?\}")
_PLAIN_SPEC = re.compile(r"(?:.?[<>=^])?[-+ ]?z?#?0?\d*[_,]?(?:\.\d+)?[a-zA-Z%]?|%.+")
_DOUBLE = "double the braces that the model shall read: {{ and }}"


class FieldError(Exception):
    """A brace that is no field; the caller knows the file.

    Args:
        offset: Where in the text it stands, in characters.
        problem: What is wrong.
        hint: What to do about it.
        is_field: Whether it is meant as a field, rather than a lone brace.
    """

    def __init__(
        self, offset: int, problem: str, hint: str, *, is_field: bool = False
    ) -> None:
        super().__init__(problem)
        self.offset = offset
        self.problem = problem
        self.hint = hint
        self.is_field = is_field


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A place where an input is inserted.

    Attributes:
        name: The input.
        conversion: ``"r"``, ``"s"``, ``"a"`` or empty.
        spec: How it is formatted, e.g. ``".2f"``; may be empty.
        start: Offset of its opening brace, in characters.
        written: The whole field.
    """

    name: str
    conversion: str
    spec: str
    start: int
    written: str

    def insert(self, value: Any) -> str:
        """Return a value as the field shows it, as ``str.format`` would.

        Raises:
            ValueError: The value cannot be formatted so.
            TypeError: The same.
        """
        if self.conversion == "r":
            value = repr(value)
        elif self.conversion == "s":
            value = str(value)
        elif self.conversion == "a":
            value = ascii(value)
        return format(value, self.spec)


def split_fields(text: str) -> tuple[str | Field, ...]:
    """Cut a template into what is sent as it is, escapes resolved, and fields.

    Raises:
        FieldError: A brace is neither doubled nor part of a usable field.
    """
    parts: list[str | Field] = []
    position = 0
    for match in _TOKEN.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        if match[0] in ("{{", "}}"):
            parts.append(match[0][0])
        else:
            parts.append(_field(match[0], match.start()))
    parts.append(text[position:])
    return tuple(part for part in parts if part != "")


def _field(written: str, start: int) -> Field:
    if written == "{":
        raise FieldError(start, "a '{' is never closed", _DOUBLE)
    if written == "}":
        raise FieldError(start, "a '}' closes nothing", _DOUBLE)
    shown = repr(_short(written))
    name = _NAME_END.split(written[1:], maxsplit=1)[0]
    if not _NAME.fullmatch(name):
        raise FieldError(start, *_refusal(name, shown), is_field=True)
    match = _FIELD.fullmatch(written)
    if match is None:
        raise FieldError(
            start,
            f"the field {shown} has a field inside it",
            f"write the width as a number, or {_DOUBLE}",
            is_field=True,
        )
    conversion, spec = match[1], match[2] or ""
    if conversion not in (None, "r", "s", "a"):
        raise FieldError(
            start,
            f"the field {shown} has the conversion {conversion!r}",
            "use !r, !s or !a, or leave it out",
            is_field=True,
        )
    if any(
        len(digits.lstrip("0")) > len(str(WIDEST))
        for digits in re.findall(r"\d+", spec)
    ):
        raise FieldError(
            start,
            f"the field {shown} asks for more than {WIDEST:,} characters",
            "write a smaller width or precision",
            is_field=True,
        )
    return Field(
        name=name, conversion=conversion or "", spec=spec, start=start, written=written
    )


def _refusal(name: str, shown: str) -> tuple[str, str]:
    if not name:
        return (
            f"the field {shown} has no name, and the inputs of a case have names",
            "name the input: {ticket}",
        )
    if name.isdecimal():
        return (
            f"the field {shown} has a number, and the inputs of a case have names",
            "name the input: {ticket}",
        )
    owner = _NAME.match(name)
    if owner is not None and name[owner.end()] in ".[":
        return (
            f"the field {shown} reads a part of the input {owner[0]!r}",
            "give the part a name of its own in the cases and in the template",
        )
    return f"{shown} is no field, since {_short(name)!r} is no name", _DOUBLE


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def likely_fields(text: str) -> Iterator[Field]:
    """Yield what looks like a field in a text of which nobody said what it is."""
    for match in _TOKEN.finditer(text):
        try:
            field = _field(match[0], match.start())
        except FieldError:
            continue
        if _PLAIN_SPEC.fullmatch(field.spec):
            yield field
