"""A JSON Schema, checked once, and what a value breaks of it.

Needs the library ``jsonschema``. Nothing is fetched: a schema that refers to another
document is refused.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import ScorerError
from pytest_promptopt.scorers.extras import missing_library
from pytest_promptopt.scorers.formats import FORMATS
from pytest_promptopt.scorers.grading import shown
from pytest_promptopt.scorers.regex import repeats_a_repeat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema.protocols import Validator

MOST_FAULTS = 100
"""Faults after which no more are looked for."""

_NEWEST = "https://json-schema.org/draft/2020-12/schema"


def need_library(scorer: str) -> None:
    """Refuse to go on without the library.

    Args:
        scorer: What needs it.

    Raises:
        ScorerError: It is not installed.
    """
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        raise missing_library(scorer, "jsonschema") from None


def validator_of(schema: Any, *, formats: bool, trusted: bool) -> Any:
    """Return a validator, a ``jsonschema`` object, of a schema that can be used.

    Args:
        schema: The schema; draft 2020-12 unless its ``$schema`` names another one.
        formats: Whether ``format`` is checked, for the formats of ``FORMATS``.
        trusted: Whether it is the project's own, so that its patterns may take long.

    Raises:
        ScorerError: It is no schema, refers to something that is not in it, or is not
            trusted and holds a pattern that could take for ever. The problem is a
            clause, "$schema is 7, which ...".
    """
    import jsonschema

    kind = _kind(schema)
    checker = jsonschema.FormatChecker(formats=())
    for name, check in FORMATS.items() if formats else ():
        checker.checks(name)(_of_texts(check))
    try:
        kind.check_schema(schema)
        _check_parts(schema, trusted=trusted)
        validator = kind(schema, registry=_documents(), format_checker=checker)
        validator.is_valid({})
        validator.is_valid([])
    except jsonschema.SchemaError as error:
        raise ScorerError(
            f"{path_of(error.absolute_path)}: {_fault(error)}",
            "correct it as JSON Schema asks: https://json-schema.org",
        ) from None
    except RecursionError:
        raise ScorerError(
            "it refers to itself, or is nested, without end",
            "let a '$ref' to the schema itself stand below 'properties' or 'items'",
        ) from None
    except Warning as warning:  # of "[[" in a pattern, where -W error raises it
        raise ScorerError(
            f"it has a doubtful pattern: {warning}",
            "write a backslash before a literal bracket",
        ) from None
    return validator


def faults(validator: Validator, value: Any) -> tuple[str, ...]:
    """Return what a value breaks, ``"total: expected type 'number', got '1'"``.

    Args:
        validator: What :func:`validator_of` returned.
        value: A JSON value.

    Returns:
        One text per fault, at most ``MOST_FAULTS``; empty if the value is valid.
    """
    try:
        found = list(itertools.islice(validator.iter_errors(value), MOST_FAULTS))
    except RecursionError:
        return ("the top: nested too deeply to be checked",)
    except ArithmeticError:
        return ("the top: a number is too large to be checked",)
    told = [f"{path_of(error.absolute_path)}: {_fault(error)}" for error in found]
    return tuple(dict.fromkeys(told))


def path_of(steps: Any) -> str:
    """Write the way to a value: ``"items[2].price"``; ``"the top"`` for no step."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier():
            path += f".{step}" if path else step
        else:
            path += f"[{shown(step)}]"
    return path or "the top"


def _documents() -> Any:
    """Return what a schema may refer to beside itself: the drafts of JSON Schema."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

    return REGISTRY


def _kind(schema: Any) -> Any:
    from jsonschema.validators import validator_for

    if not isinstance(schema, (Mapping, bool)):
        raise ScorerError(
            f"{shown(schema)} is no object",
            'write a JSON Schema: {"type": "object", "properties": {...}}',
        )
    named = schema.get("$schema", _NEWEST) if isinstance(schema, Mapping) else _NEWEST
    nothing: Any = None
    known = (
        validator_for({"$schema": named}, default=nothing)
        if isinstance(named, str)
        else nothing
    )
    if known is None:
        raise ScorerError(
            f"$schema is {shown(named)}, which is not known",
            f"write {_NEWEST!r}, or leave it out",
        )
    return known


def _of_texts(check: Any) -> Any:
    return lambda value: not isinstance(value, str) or check(value)


def _check_parts(schema: Any, *, trusted: bool) -> None:
    """Refuse references to elsewhere, and patterns that could take for ever."""
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import specification_with

    named = schema.get("$schema", _NEWEST) if isinstance(schema, Mapping) else _NEWEST
    whole = specification_with(named).create_resource(schema)
    waiting = [(whole, _documents().resolver_with_root(whole))]
    while waiting:
        part, resolver = waiting.pop()
        contents = part.contents if isinstance(part.contents, Mapping) else {}
        for keyword in ("$ref", "$dynamicRef"):
            target = contents.get(keyword)
            try:
                if isinstance(target, str):
                    resolver.lookup(target)
            except Unresolvable:
                raise ScorerError(
                    f"{keyword} names {target!r}, which is not in it",
                    "put what it means under '$defs' of the schema; nothing is fetched",
                ) from None
        for pattern in _patterns(contents):
            _check_pattern(pattern, trusted=trusted)
        waiting += [
            (inner, resolver.in_subresource(inner)) for inner in part.subresources()
        ]


def _patterns(contents: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(contents.get("pattern"), str):
        yield contents["pattern"]
    yield from contents.get("patternProperties", {})


def _check_pattern(pattern: str, *, trusted: bool) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ScorerError(
            f"the pattern {shown(pattern)} does not compile: {error}",
            "correct it; patterns are read as Python's",
        ) from None
    if not trusted and repeats_a_repeat(pattern):
        raise ScorerError(
            f"the pattern {shown(pattern)} repeats a group that repeats something "
            "itself, which can take for ever",
            "rewrite it without a repeat in a repeated group, or pass the schema in "
            "the test as json_schema(schema)",
        )


def _fault(error: Any) -> str:
    """Say what one error is about, in words that do not repeat the whole value."""
    keyword, wanted, got = error.validator, error.validator_value, error.instance
    if keyword == "required" and isinstance(got, Mapping):
        lacking = [name for name in wanted if name not in got]
        return f"{_some(lacking)} missing"
    if keyword == "type":
        return f"expected type {shown(wanted)}, got {shown(got)}"
    if keyword == "enum":
        return f"expected one of {shown(wanted)}, got {shown(got)}"
    if keyword == "const":
        return f"expected {shown(wanted)}, got {shown(got)}"
    if keyword == "additionalProperties" and isinstance(got, Mapping):
        return f"{_some(_beyond(error.schema, got))} not allowed"
    if keyword in ("anyOf", "oneOf"):
        many = keyword == "oneOf" and not error.context
        fits = "more than one" if many else "none"
        return f"fits {fits} of the {len(wanted)} forms of {keyword}: {shown(got)}"
    if keyword is None:  # the schema "false"
        return f"nothing is allowed here, got {shown(got)}"
    if isinstance(wanted, (str, int, float)) and not isinstance(wanted, bool):
        return f"expected {keyword} {shown(wanted)}, got {shown(got)}"
    return f"breaks {keyword!r}: {shown(got)}"


def _beyond(schema: Mapping[str, Any], got: Mapping[str, Any]) -> list[str]:
    patterns = schema.get("patternProperties", {})
    return [
        name
        for name in got
        if name not in schema.get("properties", {})
        and not any(re.search(pattern, name) for pattern in patterns)
    ]


def _some(names: list[str]) -> str:
    told = ", ".join(shown(name) for name in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{told}{more} {'is' if len(names) == 1 else 'are'}"
