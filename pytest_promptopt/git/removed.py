"""Prompt tests that a base commit has and the work tree has not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pytest_promptopt.baseline import FOLDER
from pytest_promptopt.errors import SourceError
from pytest_promptopt.items.base_marks import has_test, mark_at
from pytest_promptopt.prompts.file_text import FileText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_promptopt.git.commit_files import CommitFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentTest:
    """A prompt test with a baseline that is one no more.

    Attributes:
        record: Absolute path of its baseline record, which may be gone too.
        test: What it was called: ``"tests/test_x.py::TestShop::test_y"``.
        why: What became of it, to end a sentence: ``"its file is gone"``; empty if it
            stands as it did.
    """

    record: Path
    test: str
    why: str


def absent_tests(
    files: CommitFiles, *, root: Path, present: Callable[[Path], bool]
) -> tuple[AbsentTest, ...]:
    """Find the prompt tests of a commit that this run does not have.

    Only what can be seen without running anything is told: a record whose test the
    commit had, with a marker.

    Args:
        files: The files of the commit.
        root: Folder below which to look.
        present: Tells of the path of a record whether this run has its prompt test.

    Returns:
        In the order of the records' paths.

    Raises:
        SettingError: The files of the commit cannot be listed.
    """
    folder = files.resolve(root)
    found = []
    for name in files.names(folder):
        parts = name.split("/")
        if len(parts) < 3 or parts[-3] != FOLDER or not name.endswith(".json"):
            continue
        # The caller knows paths as it spells the root, maybe through a link.
        record = root / name
        if present(record):
            continue
        why = _why(files, record)
        if why is not None:
            test = "/".join([*parts[:-3], _node(parts[-2], parts[-1])])
            found.append(AbsentTest(record=record, test=test, why=why))
    return tuple(found)


def _why(files: CommitFiles, record: Path) -> str | None:
    """Say why a test is gone, if it is; ``None`` if that cannot be decided."""
    name = _decoded(record.name.removesuffix(".json"))
    stem = _decoded(record.parent.name)
    if name is None or stem is None:
        return None
    file = record.parent.parent.parent / f"{stem}.py"
    try:
        before = files.text(file)
        # A record that outlived its test was left behind earlier.
        if before is None or mark_at(before, name) is None:
            return None
        if not file.is_file():
            return "its file is gone"
        now = FileText.read(file).text
        if mark_at(now, name) is not None:
            return ""
        if has_test(now, name):
            return "it has no prompt marker any more"
    except SourceError:
        return None
    return "the function is gone"


def _node(folder: str, file: str) -> str:
    name = _decoded(file.removesuffix(".json")) or file.removesuffix(".json")
    classes, bracket, parameters = name.partition("[")
    return "::".join(_node_parts(folder, classes)) + bracket + parameters


def _node_parts(folder: str, classes: str) -> Iterator[str]:
    yield f"{_decoded(folder) or folder}.py"
    yield from classes.split(".")


def _decoded(name: str) -> str | None:
    """Undo the encoding of a record's file name; ``None`` if it was cut."""
    if "~" in name:
        # Of a long name the end is lost; with a bracket, that is of the parameters.
        function, bracket, cut = name.partition("[")
        if not bracket:
            return None
        name = f"{function}[{cut.rpartition('~')[0]}..."
    return unquote(name, errors="surrogateescape")
