"""That a change touches prompt regions and nothing else.

A record may come from another job or machine, so it is not believed: the files of the
base commit are read as prompts before and after the change, and the change must be
what comes out when only their regions are rewritten, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_promptopt.errors import (
    PatchError,
    PromptOptError,
    PublishError,
    SourceError,
)
from pytest_promptopt.patch import apply_edits
from pytest_promptopt.prompts.data_text import is_constant_piece
from pytest_promptopt.prompts.dialect import Dialect
from pytest_promptopt.prompts.edited_files import EditedFiles
from pytest_promptopt.prompts.files import DISK
from pytest_promptopt.prompts.hidden import hidden_characters
from pytest_promptopt.prompts.pieces import split_pieces
from pytest_promptopt.prompts.project_environment import PLAIN
from pytest_promptopt.prompts.reading import read_sources
from pytest_promptopt.prompts.recorded import from_record
from pytest_promptopt.prompts.regions import place_regions
from pytest_promptopt.prompts.source import Change as TextChange
from pytest_promptopt.prompts.source import apply_changes
from pytest_promptopt.prompts.syntaxes import syntax_of
from pytest_promptopt.publishing.change import proposal_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_promptopt.prompts.files import Files
    from pytest_promptopt.prompts.project_environment import ProjectEnvironment
    from pytest_promptopt.prompts.regions import PlacedRegion, Region
    from pytest_promptopt.prompts.source import Source
    from pytest_promptopt.prompts.syntaxes import Syntax
    from pytest_promptopt.publishing.change import Change
    from pytest_promptopt.records import Edit, TestResult

_AGAIN = "run pytest --optimize-prompts again, on the branch to merge into"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedSource:
    """A source of a prompt that a change rewrites.

    Attributes:
        nodeid: The prompt test that has it.
        role: Role of its message, as the baseline records it.
        key: Its place as the prompt test names it.
        name: Name of its prompt, where the test has several.
        text: Its text with the change.
    """

    nodeid: str
    role: str
    key: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A change that may be made.

    Attributes:
        edits: Its edits, with absolute paths.
        files: The files with it, by their paths relative to the top.
        sources: The sources that it rewrites.
    """

    edits: tuple[Edit, ...]
    files: Mapping[str, bytes]
    sources: tuple[EditedSource, ...]


def verified(change: Change, *, top: Path, root: Path, base: str) -> Verified:
    """Verify a change against the files of its base.

    Args:
        change: The change.
        top: Top folder of a work tree that has the base checked out.
        root: Pytest's root folder in it.
        base: What messages call the base.

    Raises:
        PublishError: A file is not what the search saw, or something else than a
            region of a prompt changes.
    """
    try:
        return _verified(change, top, root, base)
    except PublishError as error:  # the second work tree is nobody's business
        problem = error.problem.replace(f"{top}{os.sep}", "")
        raise PublishError(problem, error.hint) from None


def _verified(change: Change, top: Path, root: Path, base: str) -> Verified:
    edits = tuple(
        replace(edit, path=str(top / edit.path)) for edit in dict.fromkeys(change.edits)
    )
    before = {name: _read(top, name, base) for name in change.files}
    for edit in change.edits:
        if hashlib.sha256(before[edit.path]).hexdigest() != edit.sha256:
            raise PublishError(
                f"{edit.path} at {base} is not the file that the search saw",
                "get the newest state of that branch, and run pytest "
                "--optimize-prompts there",
            )
    try:
        after = {
            name: apply_edits(before[name], _of_file(edits, top / name))
            for name in change.files
        }
    except PatchError as error:
        raise PublishError(error.problem, _AGAIN) from None
    sources: list[EditedSource] = []
    allowed: list[Edit] = []
    edited = {top / name: data for name, data in after.items()}
    # A prompt of Python code is found from any folder that has its packages.
    folders = [folder for path in edited for folder in path.parents]
    inside = [folder for folder in folders if folder.is_relative_to(top)]
    for result in change.results:
        test = root / result.nodeid.partition("::")[0]
        roots = tuple(dict.fromkeys((root, test.parent, *inside)))
        found, rewriting = _rewritten(result, edited, roots)
        sources += found
        allowed += rewriting
    for name in change.files:
        only = [edit for edit in allowed if Path(edit.path) == top / name]
        if not only or apply_edits(before[name], only) != after[name]:
            raise PublishError(
                f"{name}: the change touches more than the regions of a prompt",
                _AGAIN,
            )
    return Verified(edits=edits, files=after, sources=tuple(sources))


def _of_file(edits: Sequence[Edit], path: Path) -> list[Edit]:
    return [edit for edit in edits if Path(edit.path) == path]


def _read(top: Path, name: str, base: str) -> bytes:
    path = top / name
    try:
        if path.is_file() and path.resolve() == path:
            return path.read_bytes()
    except OSError:
        pass
    raise PublishError(
        f"{base} has no file {name}, or has a link in its place",
        "merge the branch that has it first",
    )


def _rewritten(
    result: TestResult, edited: Mapping[Path, bytes], roots: Sequence[Path]
) -> tuple[list[EditedSource], list[Edit]]:
    """Return the rewritten sources of one prompt test, and the edits that do it.

    Args:
        result: The prompt test.
        edited: The new bytes of files.
        roots: Folders that relative places are tried in, in order.

    Raises:
        PublishError: One of the files is no source of it, or the change is not one of
            its regions alone.
    """
    snapshot = proposal_of(result).prompt
    try:
        environment = _environment(snapshot)
        old = list(_sources(snapshot, roots, DISK))
        files = EditedFiles(files=DISK, edited=edited)
        new = list(_sources(snapshot, roots, files))
        rewriting = list(_rewriting(old, new, environment))
    except (PromptOptError, KeyError, TypeError, ValueError, AttributeError) as error:
        told = error.problem if isinstance(error, PromptOptError) else "no such prompt"
        raise PublishError(
            f"{result.nodeid}: its prompt cannot be verified: {told}", _AGAIN
        ) from None
    sources = [
        EditedSource(
            nodeid=result.nodeid,
            role=after.role,
            key=after.key,
            name=after.name,
            text=after.text,
        )
        for before, after in zip(old, new, strict=True)
        if before.text != after.text
    ]
    return sources, rewriting


def _environment(snapshot: Mapping[str, Any]) -> ProjectEnvironment:
    """Return the delimiters of the project's Jinja, without its code."""
    return PLAIN.with_dialect(Dialect.from_json(snapshot.get("environment", {})))


def _sources(
    snapshot: Mapping[str, Any], roots: Sequence[Path], files: Files
) -> Iterator[Source]:
    """Yield the sources of a prompt as they are in a tree of files.

    One that is in no file, since a hook supplies it, is as the search saw it: whether
    the others are regions as a whole depends on it, too.
    """
    for entry in snapshot["sources"]:
        recorded = from_record(entry)
        try:
            found = read_sources(recorded.role, recorded.key, roots, files)
        except SourceError:
            found = ()
        if len(found) == 1 and found[0].key == recorded.key:
            yield replace(
                found[0],
                role=recorded.role,
                name=recorded.name,
                syntax=recorded.syntax,
                includes=recorded.includes,
            )
        else:
            yield recorded


def _rewriting(
    old: Sequence[Source], new: Sequence[Source], environment: ProjectEnvironment
) -> Iterator[Edit]:
    """Yield the edits that rewrite the regions of a prompt, and nothing else.

    Args:
        old: Its sources.
        new: The same as they are to be.
        environment: How its Jinja is written.

    Raises:
        PromptOptError: Something else differs, or a region lost what it has to keep.
    """
    syntaxes = [syntax_of(source, environment) for source in old]
    before, after = place_regions(old, syntaxes), place_regions(new, syntaxes)
    if [_identity(each) for each in before] != [_identity(each) for each in after]:
        raise PublishError("it would have other regions", _AGAIN)
    for index, (source, rewritten) in enumerate(zip(old, new, strict=True)):
        changed = [
            (one, other)
            for one, other in zip(before, after, strict=True)
            if one.source == index and one.region.text != other.region.text
        ]
        changes = [
            TextChange(start=one.span.start, end=one.span.end, text=other.region.text)
            for one, other in changed
        ]
        if apply_changes(source.text, changes) != rewritten.text:
            raise PublishError(f"{source.key} changes outside of its regions", _AGAIN)
        for one, other in changed:
            fault = _fault(one.region, other.region, syntaxes[index], environment)
            if fault:
                raise PublishError(f"{one.region.address}: {fault}", _AGAIN)
        if changes and source.place is not None:
            yield from source.place.edits(changes)


def _identity(placed: PlacedRegion) -> tuple[int, str, str]:
    return placed.source, placed.region.address, placed.region.kind


def _fault(
    old: Region, new: Region, syntax: Syntax, environment: ProjectEnvironment
) -> str:
    """Say what a rewritten region does that none may; empty if nothing."""
    if hidden_characters(new.text) - hidden_characters(old.text):
        return "invisible characters"
    if old.kind != "examples":
        return syntax.compare(old.text, new.text) or ""
    # Whole cases: their text is data, and how that is written as a template.
    pieces = split_pieces(new.text, environment.dialect)
    constant = all(
        piece.kind == "comment" or is_constant_piece(piece) for piece in pieces
    )
    return "" if constant else "examples that are no cases"
