"""What a key names by its form alone: a constant, a Dotprompt file, or else a path."""

from __future__ import annotations

import re

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
CONSTANT = re.compile(
    rf"(?P<module>{_DOTTED}):(?P<name>{_DOTTED})(?P<steps>(\[[^\[\]]+\])*)"
)


def is_constant(key: str) -> bool:
    """Tell whether a place is ``module:NAME`` rather than a path."""
    return CONSTANT.fullmatch(key) is not None


def module_of(key: str) -> str:
    """Return the module that a constant is in."""
    return key.partition(":")[0]


def is_dotprompt(key: str) -> bool:
    """Tell whether a path is that of a Dotprompt file."""
    return key.lower().endswith(".prompt")
