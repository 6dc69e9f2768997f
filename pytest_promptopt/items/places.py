"""Where the files of a prompt test may lie, and whether they are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable

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

    A source that a project's hook may know is left alone: it is not asked before the
    test is run.

    Raises:
        SettingError: A file is missing; names the places tried.
    """
    tried = roots(config, test_file)
    files = []
    if not config.hook.pytest_promptopt_source.get_hookimpls():
        files += _files_of_sources(mark.places, tried)
    if isinstance(mark.cases, str):
        files.append(mark.cases)
    for name in (*files, *mark.watch):
        locate(name, tried)


def _files_of_sources(keys: Iterable[str], tried: tuple[Path, ...]) -> list[str]:
    """Return the files that sources stand in; modules are looked for when read."""
    from pytest_promptopt.prompts.reading import file_of, module_is_there

    named = {key: file_of(key) for key in keys}
    return [
        file
        for key, file in named.items()
        if file is not None and not module_is_there(key, tried)
    ]


def check_syntax(mark: PromptMark, config: pytest.Config, test_file: Path) -> None:
    """Refuse sources that look like templates of a syntax that the marker hides.

    Raises:
        TemplateError: There is one.
    """
    from pytest_promptopt.prompts import check_syntaxes, environment_named

    check_syntaxes(
        mark.sources,
        roots=roots(config, test_file),
        syntax=mark.syntax,
        environment=lambda: environment_named(config.getini("promptopt_environment")),
    )


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
    # A path of Windows, which finds nothing elsewhere; this form is found everywhere.
    forward = name.replace("\\", "/")
    there = any((root / forward).is_file() for root in tried)
    close = forward if there else _close_names(name, tried)
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
