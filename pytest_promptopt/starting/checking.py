"""Whether a prompt test could use what was found, asked of the prompts room itself."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt.cases import load_cases
from pytest_promptopt.cases.fields import RESERVED
from pytest_promptopt.errors import CaseFileError, SourceError
from pytest_promptopt.prompts import load_prompt
from pytest_promptopt.prompts.reading import is_prompt_yml
from pytest_promptopt.starting.signs import asks_for_json, foreign_field
from pytest_promptopt.starting.spot import Find, Spot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.prompts.source import SyntaxName


def checked(spot: Spot, roots: Sequence[Path]) -> Find | Spot:
    """Read a prompt as a prompt test would.

    Args:
        spot: Where it is.
        roots: The folders that places are tried in.

    Returns:
        What can be used; else the spot, with its ``problem`` and ``hint``.
    """
    if spot.problem:
        return spot
    foreign = foreign_field(spot.text)
    if foreign is not None:
        return replace(
            spot,
            problem=f"has {foreign[0]!r}, a field of {foreign[1]}, which would be sent "
            "as it stands",
            hint="write {name} and use str.format, or {{ name }} and Jinja",
        )
    try:
        prompt, syntax = _loaded(spot.key, roots)
    except SourceError as error:
        return _refused(spot, error, roots[0])
    meant = roots[0] / spot.file
    read = prompt.sources[0].path
    if meant.is_file() and read != meant.resolve():
        return replace(
            spot,
            problem=f"cannot be named: {spot.key!r} is read from {read}, which comes "
            "before this file",
            hint="rename one of the two modules",
        )
    reserved = sorted(prompt.variables & set(RESERVED))
    if reserved:
        return replace(
            spot,
            problem=f"uses {reserved[0]!r} as a variable, which is a field of cases "
            "with a meaning of its own",
            hint="rename the variable",
        )
    return Find(
        spot=replace(spot, line=prompt.sources[0].line, text=prompt.text),
        sources={"": spot.key},
        variables=tuple(sorted(prompt.variables)),
        syntax={"": syntax} if syntax else {},
        json=asks_for_json(prompt.text) or "response_format" in prompt.request_defaults,
        cases=_own_cases(spot, roots),
        lacks_input=_lacks_input(prompt),
    )


def _loaded(key: str, roots: Sequence[Path]) -> tuple[Prompt, SyntaxName]:
    """Read a prompt, and find out what a marker has to say of its syntax."""
    try:
        return load_prompt({"": key}, roots=roots), ""
    except SourceError:
        try:
            prompt = load_prompt({"": key}, roots=roots, syntax="format")
        except SourceError:
            prompt = None
        if prompt is None or not prompt.variables:
            raise
    return prompt, "format"


def _lacks_input(prompt: Prompt) -> bool:
    if prompt.variables or len(prompt.sources) > 1:
        return False
    roles = {prompt.sources[0].role, *(each.role for each in prompt.render({}))}
    return roles == {"", "user"}


def _refused(spot: Spot, error: SourceError, root: Path) -> Spot:
    problem = error.problem
    if error.path is not None:
        if not (root / spot.file).is_file():  # of a module only its name is known
            spot = replace(spot, file=os.path.relpath(error.path, root.resolve()))
        place = f"{error.path}:{error.line}" if error.line else f"{error.path}"
        problem = problem.removeprefix(f"{place}: ")
    problem = problem.removeprefix(f"{spot.name!r} ")
    return replace(spot, line=error.line or spot.line, problem=problem, hint=error.hint)


def _own_cases(spot: Spot, roots: Sequence[Path]) -> str:
    """Return the prompt's file if it has cases with expected answers in it."""
    if not is_prompt_yml(spot.key):
        return ""
    try:
        cases = load_cases(spot.key, roots=roots, label=spot.key)
    except CaseFileError:
        return ""
    return spot.key if all(case.has_expected for case in cases) else ""
