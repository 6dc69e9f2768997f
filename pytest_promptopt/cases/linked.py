"""The files that a promptfoo configuration names as its tests."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pytest_promptopt.cases.columns import parts_of_table
from pytest_promptopt.cases.files import read_case_text, shown_path
from pytest_promptopt.cases.json_rows import rows_of_json_lines, rows_of_json_list
from pytest_promptopt.cases.rows import Row, fault, shown
from pytest_promptopt.cases.table import read_table
from pytest_promptopt.cases.yaml_text import read_yaml, rows_of_list

if TYPE_CHECKING:
    from collections.abc import Sequence

EXTENSIONS = (".csv", ".json", ".jsonl", ".yaml", ".yml")


def rows_of_linked(
    name: str, place: str, *, folder: Path, roots: Sequence[Path]
) -> list[Row]:
    """Read the tests of a file that a configuration names.

    Args:
        name: What stands there: a path, with ``file://`` before it or not.
        place: Where it stands.
        folder: Where the configuration lies; the path is relative to it.
        roots: The first is the folder that places are shown relative to.

    Returns:
        Tests in promptfoo's form, each at its own place.

    Raises:
        CaseFileError: There is no such file, or it is not one of tests.
    """
    bare = name.removeprefix("file://")
    extension = PurePath(bare).suffix.lower()
    if set(bare) & set("*?[") or extension not in EXTENSIONS:
        raise fault(
            place,
            f"tests come from {shown(name)}, which is not read",
            f"name files with {', '.join(EXTENSIONS)} one by one; for a Python "
            "function write cases=function on the marker",
        )
    path = folder / bare
    if not path.is_file():
        raise fault(
            place,
            f"no file {shown(bare)} in {folder}",
            "write the path relative to the folder of this file",
        )
    file = shown_path(path, roots)
    text = read_case_text(path, file)
    if extension == ".csv":
        return [
            Row(place=row.place, value=parts_of_table(row))
            for row in read_table(text, file)
        ]
    if extension == ".jsonl":
        return rows_of_json_lines(text, file)
    if extension == ".json":
        return rows_of_json_list(text, file)
    return _rows_of_yaml(text, file)


def _rows_of_yaml(text: str, file: str) -> list[Row]:
    document = read_yaml(text, file)
    if document is None:
        return []
    return rows_of_list(document, file, of="tests", fix="begin each test with '- '")
