"""Which prompts a project has, and which of them have a prompt test."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt.prompts.key_form import is_dotprompt
from pytest_promptopt.starting.checking import checked
from pytest_promptopt.starting.file_spots import SUFFIXES, file_spots
from pytest_promptopt.starting.pairs import is_system, paired
from pytest_promptopt.starting.python_bytes import may_hold_prompts
from pytest_promptopt.starting.python_spots import python_spots
from pytest_promptopt.starting.spot import Find, Spot, Survey
from pytest_promptopt.starting.tree import files_below, is_test, read, with_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_promptopt.starting.project import Project

_MARK = b"mark.prompt"


def survey(project: Project) -> Survey:
    """Look for prompts in a project's folder, its tests and installed files left out.

    Nothing is imported, written or sent.
    """
    files = [_in_root(project, file) for file in files_below(project.folder)]
    finds: list[Find] = []
    unusable: list[Spot] = []
    for spot in _spots(project, [file for file in files if not is_test(file)]):
        result = checked(spot, project.roots)
        if isinstance(result, Find):
            finds.append(result)
        elif result.sure:
            unusable.append(result)
    tests = _prompt_tests(project.root, with_suffix(files, ".py"))
    joined = paired(finds, lambda key: _usable(_read(project, key)))
    found = [replace(find, tested=_tested(find, tests)) for find in joined]
    return Survey(
        finds=tuple(sorted(found, key=_rank)),
        unusable=tuple(unusable),
        files=len(files),
    )


def named(project: Project, key: str) -> Find | Spot:
    """Read the prompt at a place that the survey did not find."""
    read = _read(project, key)
    if isinstance(read, Spot):
        return read
    return paired([read], lambda other: _usable(_read(project, other)))[0]


def _read(project: Project, key: str) -> Find | Spot:
    file = key.partition(":")[0]
    spot = Spot(file=file, line=1, key=key, name=key, text="", sure=True)
    return checked(spot, project.roots)


def _usable(found: Find | Spot) -> Find | None:
    return found if isinstance(found, Find) else None


def first(found: Survey) -> Find | None:
    """Return the prompt to begin with: a sure one that has no prompt test."""
    sure = (find for find in found.finds if find.spot.sure and not find.tested)
    return next(sure, None)


def _rank(find: Find) -> tuple[bool, bool, bool, bool]:
    # A system message alone is half a prompt; a Dotprompt is not rewritten.
    half = len(find.sources) == 1 and is_system(find.key)
    return not find.spot.sure, not find.variables, half, is_dotprompt(find.key)


def _in_root(project: Project, file: str) -> str:
    if project.folder == project.root:
        return file
    return (project.folder / file).relative_to(project.root).as_posix()


def _spots(project: Project, files: Sequence[str]) -> Iterator[Spot]:
    for file in with_suffix(files, ".py", *SUFFIXES):
        path = project.root / file
        data = read(path)
        if data is None:
            continue
        if not file.lower().endswith(".py"):
            yield from file_spots(file, path, data)
        elif may_hold_prompts(file, data):
            yield from python_spots(file, data, _module(project, path))


def _module(project: Project, path: Path) -> str:
    """Return how a prompt test names a Python file; empty if no name can."""
    homes = [*project.pythonpath, project.root / "src", project.root]
    for home in sorted(homes, key=lambda each: -len(each.parts)):
        if path.is_relative_to(home):
            parts = path.relative_to(home).with_suffix("").parts
            if parts[-1] == "__init__":
                parts = parts[:-1]
            if parts and all(part.isidentifier() for part in parts):
                return ".".join(parts)
    return ""


def _prompt_tests(root: Path, files: Sequence[str]) -> list[tuple[str, str]]:
    """Return the test modules that have prompt tests, with their text."""
    read_files = ((file, read(root / file)) for file in files if is_test(file))
    return [
        (file, data.decode("utf-8", "replace"))
        for file, data in read_files
        if data is not None and _MARK in data
    ]


def _tested(find: Find, tests: Sequence[tuple[str, str]]) -> str:
    for key in find.sources.values():
        quoted = re.compile(rf"""["']{re.escape(key)}["']""")
        for file, text in tests:
            match = quoted.search(text)
            if match is not None:
                line = text.count("\n", 0, match.start()) + 1
                return f"{file}:{line}"
    return ""
