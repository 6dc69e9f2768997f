"""Pytest's ini values as a commit has them."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import SettingError, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_promptopt.git.commit_files import CommitFiles

PREFIX = "promptopt_"

# In a folder, the first that configures pytest counts; the rest is not read.
_NAMES = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
# These configure pytest by being there, with or without a section.
_DEDICATED = frozenset({"pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"})


def ini_at(files: CommitFiles, inipath: Path) -> Mapping[str, str]:
    """Read our ini keys at a commit.

    The file that is in force now may not have been then: the search is pytest's own,
    from the folder of ``inipath`` upwards to the top of the work tree.

    Args:
        files: The files of the commit.
        inipath: The file that configures pytest now; where none does, any name in the
            root folder.

    Returns:
        The values of the keys ``promptopt_*`` and ``testpaths`` as text; empty without
        any.

    Raises:
        SettingError: The file there cannot be read.
    """
    if inipath.name not in _NAMES:  # given by -c
        found = _keys(files, inipath, always=True)
        if found is not None:
            return found
    for folder in (inipath.parent, *inipath.parent.parents):
        if not files.exists(folder):
            continue
        for name in _NAMES:
            found = _keys(files, folder / name, always=name in _DEDICATED)
            if found is not None:
                return found
    return {}


def _keys(files: CommitFiles, path: Path, *, always: bool) -> dict[str, str] | None:
    """Return our keys in one file; ``None`` if it does not configure pytest."""
    try:
        text = files.text(path)
        if text is None:
            return None
        table = _toml(text, path) if path.suffix == ".toml" else _ini(text, path)
    except (SourceError, configparser.Error, ValueError) as error:
        said = str(error).splitlines()[0]
        raise SettingError(
            f"{path} at commit {files.commit[:8]} cannot be read: {said}",
            "mend it on the base branch; --promptopt-compare=none compares with the "
            "committed baseline only",
        ) from error
    if table is None:
        return {} if always else None
    return {
        key: _written(value)
        for key, value in table.items()
        if (key.startswith(PREFIX) or key == "testpaths") and value is not None
    }


def _toml(text: str, path: Path) -> Mapping[str, Any] | None:
    import tomli

    document = tomli.loads(text)
    own = None if path.name == "pyproject.toml" else document.get("pytest")
    if isinstance(own, dict):
        return own
    tool = document.get("tool")
    table = tool.get("pytest") if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        return None
    native = {key: value for key, value in table.items() if key != "ini_options"}
    options = table.get("ini_options")
    if native or not isinstance(options, dict):
        return native or None
    return options


def _ini(text: str, path: Path) -> Mapping[str, str | None] | None:
    parser = configparser.RawConfigParser(
        allow_no_value=True, strict=False, default_section=""
    )
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(text)
    section = "tool:pytest" if path.suffix == ".cfg" else "pytest"
    return dict(parser.items(section)) if parser.has_section(section) else None


def _written(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value).strip()
