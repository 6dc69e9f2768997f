"""What ``promptopt init`` says: what was found, what it takes, what to type next."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from pytest_promptopt.cases.unfilled import UNFILLED
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_promptopt.starting.additions import Addition, Start
    from pytest_promptopt.starting.project import Project
    from pytest_promptopt.starting.spot import Find, Spot, Survey

_SHOWN = 60
_SHOWN_LESS = 20


def found_lines(found: Survey) -> list[str]:
    """Return the list of what was found, in its groups."""
    sure = [find for find in found.finds if find.spot.sure]
    others = [find for find in found.finds if not find.spot.sure]
    lines = []
    if sure:
        lines += [f"found {count(len(sure), 'prompt')}:"]
        lines += _table(sure, _SHOWN)
    if others:
        lines += ["texts with a placeholder that may be prompts, too:"]
        lines += _table(others, _SHOWN_LESS)
    if found.unusable:
        lines += ["prompts that no prompt test can read as they stand:"]
        lines += _cut([_refusal(spot) for spot in found.unusable], _SHOWN_LESS)
    return lines


def _table(finds: Sequence[Find], most: int) -> list[str]:
    shown = finds[:most]
    places = [f"{find.spot.file}:{find.spot.line}" for find in shown]
    keys = [" + ".join(find.sources.values()) for find in shown]
    wide = max(map(len, places))
    broad = min(48, max(map(len, keys)))
    rows = [
        f"  {place:<{wide}}  {key:<{broad}}  {_said(find)}".rstrip()
        for place, key, find in zip(places, keys, shown, strict=True)
    ]
    return _cut(rows, most, len(finds))


def _said(find: Find) -> str:
    inputs = ", ".join(find.variables)
    said = [f"inputs: {inputs}" if inputs else "no inputs"]
    said += [f'syntax="{word}"' for word in dict.fromkeys(find.syntax.values())]
    if find.tested:
        said.append(f"tested in {find.tested}")
    return "; ".join(said)


def _refusal(spot: Spot) -> str:
    return (
        f"  {spot.file}:{spot.line}: {spot.name} {spot.problem}\n    hint: {spot.hint}"
    )


def _cut(rows: list[str], most: int, number: int | None = None) -> list[str]:
    more = (len(rows) if number is None else number) - most
    return [*rows[:most], f"  and {more:,} more"] if more > 0 else rows


def nothing_lines(found: Survey, project: Project, folder: str | None) -> list[str]:
    """Return what is said where there is no prompt, or none for sure."""
    where = f"{project.folder}, {count(found.files, 'file')} looked at"
    if found.finds:
        said = f"nothing that is a prompt for sure: {where}"
        example = found.finds[0].key
    else:
        said = f"no prompt that a prompt test can read: {where}"
        example = "prompts/triage.txt"
    return [
        said,
        "if you know one, name it, for example:",
        _command(folder, example),
    ]


def done_lines() -> list[str]:
    """Return what is said where every prompt has its test."""
    return ["every prompt found has a prompt test; run them with:", "pytest"]


def _command(folder: str | None, key: str) -> str:
    return shlex.join(["promptopt", "init", *([folder] if folder else []), key])


def tested_lines(find: Find, project: Project) -> list[str]:
    """Return what is said of a prompt that has its test."""
    file = find.tested.rpartition(":")[0]
    return [
        f"{find.key} has a prompt test, {find.tested}; run it with:",
        _pytest(file, project),
    ]


def planned_lines(start: Start, project: Project, folder: str | None) -> list[str]:
    """Return what would be written, and the command that writes it."""
    lines = [f"a first prompt test, for {start.find.key}, takes:"]
    for addition in start.additions:
        lines += _block(addition, project.root)
    if not any(addition.state == "new" for addition in start.additions):
        return [*lines, *_next(start, project, added=True)]
    return [
        *lines,
        "",
        "nothing is written yet; what is new above is written, and nothing else "
        "changed, by:",
        f"{_command(folder, start.find.key)} --write",
    ]


def written_lines(start: Start, written: Iterable[Path], project: Project) -> list[str]:
    """Return what was written, what is left to add by hand, and what comes next."""
    paths = set(written)
    lines = [
        f"written: {_shown(addition.path, project.root)}"
        for addition in start.additions
        if addition.path in paths
    ]
    left = [addition for addition in start.additions if addition.path not in paths]
    for addition in left:
        lines += _block(addition, project.root)
    added = any(addition.state == "add" for addition in left)
    return [*lines, *_next(start, project, added=added)]


def _next(start: Start, project: Project, *, added: bool) -> list[str]:
    todo = []
    if added:
        todo.append("add what is shown above to the files that exist")
    if start.to_fill:
        todo.append(
            f"write real cases over {UNFILLED!r} in {start.cases}, and delete those "
            "you do not need; until then the test is an error"
        )
    steps = [f"  {number}. {step}" for number, step in enumerate(todo, start=1)]
    run = f"  {len(todo) + 1}. run it:"
    return ["", "next:", *steps, run, _pytest(start.nodeid, project)]


def _pytest(nodeid: str, project: Project) -> str:
    return shlex.join(["pytest", os.path.relpath(project.root / nodeid)])


def _block(addition: Addition, root: Path) -> list[str]:
    name = _shown(addition.path, root)
    if addition.state == "kept":
        return ["", f"--- {name}: exists, used as it is"]
    if addition.state == "add":
        under = f" under {addition.under}" if addition.under else ""
        said = f"exists, left as it is; add{under}"
    else:
        said = "new"
    return ["", f"--- {name}: {said}", *addition.text.rstrip("\n").split("\n")]


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
