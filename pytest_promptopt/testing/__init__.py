"""For everybody's tests of prompts, scorers and strategies; shipped, so no mocks.

Public names are resolved at first use: a ``conftest.py`` that needs a fake model does
not pay for the search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_promptopt.testing.contract import check_strategy
    from pytest_promptopt.testing.models import (
        FailingModel,
        ScriptedJudge,
        ScriptedModel,
    )

_HOMES = {
    "FailingModel": "models",
    "ScriptedJudge": "models",
    "ScriptedModel": "models",
    "check_strategy": "contract",
}

__all__ = ["FailingModel", "ScriptedJudge", "ScriptedModel", "check_strategy"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return list(__all__)
