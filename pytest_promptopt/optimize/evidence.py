"""The evidence grammar: how every meta-prompt shows attempts and examples.

A block is a pair of tags, each alone on an unindented line. Inside, a field is an
unindented ``name:`` with its value on the same line or indented below it, so that no
data, whatever it contains, can close a block or open a field.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from pytest_promptopt.records import Case

HERE = "<HERE>"
"""Stands in an example's input where the new text goes."""

_INDENT = "  "
_FILLED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def indented(text: str) -> str:
    r"""Return the text with every line indented, also behind odd line ends.

    Every character that some reader takes for a line end becomes a line feed:
    ``\x85`` or U+2028 must not start an unindented line for anybody.
    """
    return "\n".join(f"{_INDENT}{line}" for line in text.splitlines() or [""])


def field(name: str, text: str) -> str:
    """Return one field: on one line if the value is one, else indented below."""
    plain = text.strip() == text and len(text.splitlines()) == 1
    return f"{name}: {text}" if plain else f"{name}:\n{indented(text)}"


def shown_score(mean: float, buckets: int = 100) -> int:
    """Return a score as a meta-prompt shows it: an integer from 0 to 100.

    Args:
        mean: From 0.0 to 1.0.
        buckets: How many steps the scale has; halves are rounded to even.

    Returns:
        The score on the scale of 0 to 100, whatever the number of buckets.

    Source:
        Yang et al., arXiv:2309.03409, section 5.3 (100 buckets).
    """
    return round(100 * round(mean * buckets) / buckets)


def as_text(value: Any) -> str:
    """Return a JSON value as text; a string stays as it is."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def expected_text(case: Case) -> str | None:
    """Return the right answer as text; ``None`` if the case does not say."""
    return as_text(case.expected) if case.has_expected else None


def meta_prompt(name: str, **values: Any) -> str:
    """Fill one of our meta-prompts.

    Args:
        name: File below ``metaprompts/``, such as ``"opro.j2"``.
        values: What it names; a value that is missing is an error.

    Returns:
        The meta-prompt, without a final newline.
    """
    return _template(name).render(**values).strip()


@cache
def prose_of(name: str) -> str:
    """Return a meta-prompt's own words, without what is filled in.

    Args:
        name: As in :func:`meta_prompt`.
    """
    return _FILLED.sub(" ", _source(name))


def _source(name: str) -> str:
    folder = resources.files("pytest_promptopt.optimize") / "metaprompts"
    return (folder / name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(  # noqa: S701 - plain text for a model
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["indented"] = indented
    environment.globals["field"] = field
    return environment.from_string(_source(name))
