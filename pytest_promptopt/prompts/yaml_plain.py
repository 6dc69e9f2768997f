"""What the settings in a YAML text say, as built-in values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from pytest_promptopt.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_promptopt.prompts.file_text import FileText


def plain_table(path: Path, file: FileText) -> dict[str, Any]:
    """Return the values of a YAML text whose top is a table with text as keys.

    Args:
        path: The file, for messages.
        file: The text.

    Raises:
        SourceError: It is no such text.
    """
    try:
        data = yaml.safe_load(file.text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or error
        raise SourceError.at(
            path,
            mark.line + 1 if mark else None,
            f"the file is no YAML: {problem}",
            "correct the YAML file",
        ) from None
    if data is None:
        return {}
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        raise SourceError.at(
            path,
            1,
            "the YAML is no table of named fields",
            "write one 'name: value' a line",
        )
    return data
