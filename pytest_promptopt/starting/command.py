"""``promptopt init``: what it is given, and in which order things are done."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError
from pytest_promptopt.starting import screen
from pytest_promptopt.starting.additions import start_of, write
from pytest_promptopt.starting.project import project_of
from pytest_promptopt.starting.spot import Find
from pytest_promptopt.starting.survey import first, named, survey

if TYPE_CHECKING:
    import argparse

    from pytest_promptopt.command import Say
    from pytest_promptopt.starting.project import Project
    from pytest_promptopt.starting.spot import Survey

DONE, NOTHING_FOUND = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``promptopt init`` takes."""
    parser.description = (
        "Lists the prompts of a repository and shows what a first prompt test of one "
        "of them takes. Files that exist are never changed; new ones are written with "
        "--write only."
    )
    parser.add_argument(
        "folder", nargs="?", metavar="FOLDER", help="where to look; default: here"
    )
    parser.add_argument(
        "prompt",
        nargs="?",
        metavar="PROMPT",
        help="the prompt to test, as the list names it; default: the first",
    )
    parser.add_argument("--write", action="store_true", help="write the new files")


def run(asked: argparse.Namespace, say: Say) -> int:
    """Look for prompts, and show or write a first test of one.

    Args:
        asked: What was given.
        say: Takes the lines to show.

    Returns:
        The exit code: 0 done, 1 no prompt found.

    Raises:
        SettingError: A folder or prompt cannot be used.
    """
    folder, prompt = asked.folder, asked.prompt
    if prompt is None and folder is not None and not Path(folder).is_dir():
        folder, prompt = None, folder
    where = Path(folder or ".")
    if not where.is_dir():
        raise SettingError(
            f"there is no folder {folder!r}", "name a folder that exists"
        )
    project = project_of(where.absolute())
    found = survey(project)
    find = first(found) if prompt is None else _chosen(prompt, found, project)
    listed = screen.found_lines(found)
    if listed and (prompt is None or not asked.write):
        say([*listed, ""])
    if find is None and any(each.tested for each in found.finds):
        say(screen.done_lines())
        return DONE
    if find is None:
        say(screen.nothing_lines(found, project, folder))
        return NOTHING_FOUND
    if find.tested:
        say(screen.tested_lines(find, project))
        return DONE
    start = start_of(find, project)
    if asked.write:
        written = list(write(start.additions))
        say(screen.written_lines(start, written, project))
    else:
        say(screen.planned_lines(start, project, folder))
    return DONE


def _chosen(prompt: str, found: Survey, project: Project) -> Find:
    """Return the prompt that somebody named.

    Raises:
        SettingError: It is none, or one that cannot be used.
    """
    keys = (prompt, _in_root(prompt, project))
    for find in found.finds:
        if any(key in find.sources.values() for key in keys):
            return find
    within = [find for find in found.finds if find.spot.file in keys]
    if len(within) == 1:
        return within[0]
    if within:
        listed = ", ".join(repr(find.key) for find in within[:4])
        raise SettingError(
            f"{prompt!r} holds {len(within)} prompts", f"name one of them: {listed}"
        )
    for spot in found.unusable:
        if prompt == spot.name or f"{spot.file}:{spot.line}" in keys:
            raise SettingError(
                f"{spot.file}:{spot.line}: {spot.name} {spot.problem}", spot.hint
            )
    read = named(project, keys[1] if (project.root / keys[1]).is_file() else prompt)
    if isinstance(read, Find):
        return read
    known = [key for find in found.finds for key in find.sources.values()]
    close = difflib.get_close_matches(prompt, known, n=1)
    is_file = (project.root / read.file).is_file()
    place = f"{Path(read.file).as_posix()}:{read.line}: " if is_file else ""
    raise SettingError(
        f"{prompt!r} is neither a folder nor a prompt that can be read: "
        f"{place}{read.problem}",
        f"did you mean {close[0]!r}?" if close else read.hint,
    )


def _in_root(prompt: str, project: Project) -> str:
    """Return a path as the project's root sees it, if it is one from here."""
    file, colon, steps = prompt.partition(":")
    path = Path(file).absolute()
    if not path.is_file():
        return prompt
    return (
        Path(os.path.relpath(path.resolve(), project.root)).as_posix() + colon + steps
    )
