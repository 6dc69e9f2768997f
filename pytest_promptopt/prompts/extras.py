"""Libraries that only some places of prompts need."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path


def require(module: str, *, extra: str, path: Path) -> None:
    """Make sure that a library is installed.

    Args:
        module: What is imported.
        extra: The extra of this package that brings it.
        path: The file that needs it.

    Raises:
        SourceError: It is not.
    """
    try:
        importlib.import_module(module)
    except ImportError:
        raise SourceError.at(
            path,
            None,
            f"reading it takes the library {module!r}, which is not installed",
            f"pip install 'pytest-promptopt[{extra}]'",
        ) from None
