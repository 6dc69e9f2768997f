"""Where the files of a prompt test may lie, and whether they are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError

if TYPE_CHECKING:
    import pytest

    from pytest_promptopt.items.marker import PromptMark


def roots(config: pytest.Config, test_file: Path) -> tuple[Path, ...]:
    """Return the folders that paths are relative to, first to last.

    The project's root, then the test file's folder, then pytest's ``pythonpath``,
    where the modules of prompt constants are.
    """
    pythonpath = [Path(entry) for entry in config.getini("pythonpath")]
    found = [config.rootpath, test_file.parent, *pythonpath]
    return tuple(dict.fromkeys(found))


def check_existence(mark: PromptMark, config: pytest.Config, test_file: Path) -> None:
    """Refuse a marker whose files are not there; their content is read later.

    Raises:
        SettingError: A file is missing; names the places tried.
    """
    tried = roots(config, test_file)
    files = [place for place in mark.sources.values() if ":" not in place]
    if isinstance(mark.cases, str):
        files.append(mark.cases)
    for name in (*files, *mark.watch):
        locate(name, tried)


def locate(name: str, tried: tuple[Path, ...]) -> Path:
    """Find a file under the first root that has it.

    Raises:
        SettingError: None has it.
    """
    for root in tried:
        if (root / name).is_file():
            return root / name
    folders = [root / name for root in tried if (root / name).is_dir()]
    if folders:
        raise SettingError(
            f"prompt marker: {name!r} is a folder ({folders[0]})",
            "name the files in it one by one: only files are taken",
        )
    places = ", ".join(str(root / name) for root in tried[:2])
    close = _close_names(name, tried)
    raise SettingError(
        f"prompt marker: no file {name!r} (tried {places})",
        f"did you mean {close!r}?" if close else "create it, or correct the path",
    )


def _close_names(name: str, tried: tuple[Path, ...]) -> str | None:
    import difflib

    there = {
        path.relative_to(root).as_posix()
        for root in tried
        for folder in [(root / name).parent]
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_file() and root in path.parents
    }
    close = difflib.get_close_matches(name, sorted(there), n=1)
    return close[0] if close else None
