"""The texts of an arm at the places that the prompt has now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.errors import SettingError, SourceError
from pytest_promptopt.prompts.file_text import FileText
from pytest_promptopt.prompts.jinja_file import WholeFile
from pytest_promptopt.prompts.source import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from pathlib import Path

    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.prompts.source import Source
    from pytest_promptopt.records import Edit

RECORD = "record a new baseline with --promptopt-update-baseline"
_LEVELS = 8  # folders above a template that an include may be relative to


def texts_for(now: Prompt, then: Prompt) -> list[tuple[Source, str]]:
    """Return the present sources, each place once, with the texts of an arm.

    Args:
        now: The prompt as it is in the files.
        then: The arm's: recorded, of a commit, or a candidate.

    Raises:
        SettingError: The arm is made of other sources, or of other included templates.
    """
    texts: dict[tuple[Path, str], tuple[Source, str]] = {}
    for source, other in paired(now, then):
        for name, include in other.includes.items():
            present = source.includes.get(name)
            if present is None or present.text != include.text:
                raise SettingError(
                    f"{source.key} includes {name!r}, whose text was another one: only "
                    "the constant itself is replaced in the running program",
                    f'write deliver="file", or {RECORD}',
                )
        texts.setdefault((source.path, source.key), (source, other.text))
    return list(texts.values())


def edits_for(now: Prompt, then: Prompt) -> tuple[Edit, ...]:
    """Return the edits of files that put the texts of an arm into place.

    Args:
        now: The prompt as it is in the files.
        then: The arm's: recorded, of a commit, or a candidate.

    Raises:
        SettingError: The arm is made of other sources.
        SourceError: A place cannot hold its text.
    """
    pairs = list(paired(now, then))
    if now.fingerprint == then.fingerprint:
        return ()
    try:
        candidate = now.replacing(then.incumbent)
    except SourceError:
        candidate = now  # recorded with other regions
    if candidate.fingerprint == then.fingerprint:
        return now.edits(then.incumbent)  # what a proposal would be, to the byte
    edits: dict[Edit, None] = {}
    for source, other in pairs:
        edits.update(dict.fromkeys(_of_text(source, other.text)))
        for name, include in other.includes.items():
            edits.update(dict.fromkeys(_of_include(source, name, include.text)))
    return tuple(edits)


def _of_text(source: Source, text: str) -> tuple[Edit, ...]:
    if source.text == text or source.place is None:
        return ()
    return source.place.edits((Change(start=0, end=len(source.text), text=text),))


def _of_include(source: Source, name: str, text: str) -> tuple[Edit, ...]:
    present = source.includes.get(name)
    if present is not None and present.text == text:
        return ()
    path = present.path if present is not None else _file_of(source, name)
    if path is None:
        raise SettingError(
            f"{source.key} included {name!r}, which is in no file any more: the "
            "application could not be run on it",
            RECORD,
        )
    file = FileText.read(path)
    if file.text == text:
        return ()
    change = Change(start=0, end=len(file.text), text=text)
    return WholeFile(path=path, file=file).edits((change,))


def _file_of(source: Source, name: str) -> Path | None:
    """Return the file that a template included, and does not any more."""
    for folder in list(source.path.parents)[:_LEVELS]:
        if (folder / name).is_file():
            return (folder / name).resolve()
    return None


def paired(now: Prompt, then: Prompt) -> Iterator[tuple[Source, Source]]:
    """Yield each present source with the arm's counterpart.

    That is the one of the same name, role and place; else the only one of the same
    name and place, or of the same name and role: the application reads the present
    place.

    Raises:
        SettingError: A source on one side has no counterpart, or one of another
            syntax, or templates were rendered with other options.
    """
    jinja = any(source.is_jinja for source in now.sources)
    if jinja and now.environment.dialect != then.environment.dialect:
        raise SettingError(
            "the Jinja options of the project are others than they were, and the "
            "application under test renders with those of now",
            RECORD,
        )
    found = _matched(list(now.sources), list(then.sources))
    lonely = [source.key for source in now.sources if id(source) not in found]
    gone = len(then.sources) - len(found)
    if lonely or gone:
        raise SettingError(
            f"the prompt was {then.label!r} and is {now.label!r}: the application "
            "under test reads it where it is now, so that it cannot be run on both",
            RECORD,
        )
    for source in now.sources:
        other = found[id(source)]
        if (source.syntax or "jinja") != (other.syntax or "jinja"):
            raise SettingError(
                f"{source.key} was written in {other.syntax or 'jinja'} and is in "
                f"{source.syntax or 'jinja'}: the application under test renders what "
                "it is now",
                RECORD,
            )
        yield source, other


def _matched(now: list[Source], then: list[Source]) -> dict[int, Source]:
    """Return the counterparts by the identity of the present source."""
    found: dict[int, Source] = {}
    keys: tuple[Callable[[Source], Hashable], ...] = (
        lambda source: (source.name, source.role, source.key),
        lambda source: (source.name, source.key),
        lambda source: (source.name, source.role),
    )
    for key in keys:
        for source in list(now):
            others = [other for other in then if key(other) == key(source)]
            rivals = [rival for rival in now if key(rival) == key(source)]
            if len(others) == len(rivals) == 1:
                found[id(source)] = others[0]
                now.remove(source)
                then.remove(others[0])
    return found
