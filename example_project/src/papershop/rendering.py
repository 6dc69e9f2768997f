"""Prompt files to text, as production does it: with plain Jinja2."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

PROMPTS = Path(__file__).resolve().parents[2] / "prompts"


@cache
def environment() -> Environment:
    """Return the one environment all prompts are rendered with."""
    return Environment(  # noqa: S701 - a prompt is plain text, never HTML
        loader=FileSystemLoader(PROMPTS), undefined=StrictUndefined
    )


def render(name: str, **variables: str) -> str:
    """Render one file of ``prompts/``."""
    return environment().get_template(name).render(variables)


def render_text(template: str, **variables: str) -> str:
    """Render a prompt that is kept in the code."""
    return environment().from_string(template).render(variables)
