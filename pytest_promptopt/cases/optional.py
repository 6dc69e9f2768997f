"""Libraries that only some case files need."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pytest_promptopt.cases.rows import fault

if TYPE_CHECKING:
    from types import ModuleType


def optional(module: str, *, extra: str, file: str) -> ModuleType | Any:
    """Import a library of an extra, at the first file that needs it.

    Args:
        module: Its import name.
        extra: The extra of this package that installs it.
        file: What messages call the file.

    Raises:
        CaseFileError: It is not installed; names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise fault(
            file,
            f"reading it needs {module!r}, which is not installed",
            f"pip install 'pytest-promptopt[{extra}]'",
        ) from None
