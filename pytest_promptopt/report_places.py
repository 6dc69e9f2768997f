"""Where the reports of a run go: resolved and checked before anything is paid."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_promptopt.option_values import report
from pytest_promptopt.options import typed_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_promptopt.option_values import Kind

OPTION = "--promptopt-report"


@dataclass(frozen=True, slots=True)
class ReportPlace:
    """A report that was asked for.

    Attributes:
        kind: What it is written as.
        path: Where, as an absolute path.
        named: The option's value, for messages.
    """

    kind: Kind
    path: Path
    named: str


def report_places(config: pytest.Config) -> list[ReportPlace]:
    """Return the reports that a run is asked for, in the order of the options."""
    start = Path(config.invocation_params.dir)
    return [
        ReportPlace(
            kind=kind, path=Path(os.path.normpath(start / path)), named=f"{kind}:{path}"
        )
        for kind, path in config.option.promptopt_report
    ]


def check_places(config: pytest.Config) -> None:
    """Refuse reports that could not be written, or would take another file's place.

    Raises:
        pytest.UsageError: One would; exit code 4.
    """
    taken = dict(_other_files(config))
    typed = set(_typed(config))
    for place in report_places(config):
        problem = _misplaced(place, config.rootpath, typed=place.named in typed)
        problem = problem or _unwritable(place.path)
        key = _identity(place.path)
        if key in taken:
            problem = f"that file is also {taken[key]}\n  hint: name another one"
        if problem:
            raise pytest.UsageError(f"{OPTION}={place.named}: {problem}")
        taken[key] = f"{OPTION}={place.named}"


def _typed(config: pytest.Config) -> Iterator[str]:
    """Yield the values that whoever started the run has given."""
    words = typed_words(config)
    if any(word.startswith("@") for word in words):  # a file of arguments of theirs
        yield from (place.named for place in report_places(config))
    given = [word.partition("=")[2] for word in words if word.startswith(f"{OPTION}=")]
    given += [word for last, word in pairwise(words) if last == OPTION]
    for value in given:
        kind, path = report(value)
        yield f"{kind}:{path}"


def _misplaced(place: ReportPlace, root: Path, *, typed: bool) -> str:
    """Say why a report may not go where it is to go; empty if it may."""
    if ".git" in place.path.parts:
        return "git keeps that folder for itself\n  hint: name another path"
    inside = Path(os.path.realpath(root)) in Path(os.path.realpath(place.path)).parents
    if typed or inside:
        return ""
    # An ini file is part of a pull request: it does not choose files anywhere.
    return (
        f"addopts of an ini file names a place outside {root}\n"
        "  hint: name one below that folder, or give the option on the command line"
    )


def _unwritable(path: Path) -> str:
    """Say why a file cannot be written; empty if nothing speaks against it."""
    if path.is_dir():
        return "that is a folder\n  hint: name a file in it"
    above = next(folder for folder in path.parents if os.path.lexists(folder))
    if not above.is_dir():
        return f"{above} is no folder\n  hint: name another path"
    if not os.access(above, os.W_OK | os.X_OK):
        return (
            f"nothing can be written in {above}\n"
            "  hint: make it writable, or name another path"
        )
    return ""


def _other_files(config: pytest.Config) -> Iterator[tuple[str, str]]:
    """Yield what else the run is asked to write, with what it is called."""
    start, option = Path(config.invocation_params.dir), config.option
    if option.optimize_prompts:
        diff = start / (option.promptopt_diff or "promptopt.diff")
        yield _identity(diff), "the diff of the proposals"
        yield _identity(diff.with_suffix(".md")), "the pull-request text"
    xml = getattr(option, "xmlpath", None)
    if xml:
        named = Path(os.path.expandvars(xml)).expanduser()
        yield _identity(start / named), f"--junitxml={xml}"


def _identity(path: Path) -> str:
    """Return what two names of one file have in common."""
    return os.path.normcase(os.path.realpath(path))
