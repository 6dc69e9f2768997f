"""Prompt regression tests and prompt search for pytest.

Public names are resolved at first use, so that pytest, which imports this package in
every run, pays for none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_promptopt.errors import (
        ModelError,
        PromptOptError,
        PromptOptWarning,
    )
    from pytest_promptopt.models.chat import ChatModel
    from pytest_promptopt.records import Case, Completion, Message, Request, Score
    from pytest_promptopt.solving.attempt import Attempt, Optimized
    from pytest_promptopt.solving.optimizing import optimize_text

_HOMES = {
    "Attempt": "solving.attempt",
    "Case": "records",
    "ChatModel": "models.chat",
    "Completion": "records",
    "Message": "records",
    "ModelError": "errors",
    "Optimized": "solving.attempt",
    "PromptOptError": "errors",
    "PromptOptWarning": "errors",
    "Request": "records",
    "Score": "records",
    "optimize_text": "solving.optimizing",
}

__all__ = [
    "Attempt",
    "Case",
    "ChatModel",
    "Completion",
    "Message",
    "ModelError",
    "Optimized",
    "PromptOptError",
    "PromptOptWarning",
    "Request",
    "Score",
    "optimize_text",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module, metadata

    if name == "__version__":
        return metadata.version("pytest-promptopt")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
