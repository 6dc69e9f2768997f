"""What the columns of a table mean: fields of ours, and promptfoo's magic columns."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_promptopt.cases.assertions import (
    expected_of_checks,
    parse_check,
    read_check,
)
from pytest_promptopt.cases.fields import RESERVED
from pytest_promptopt.cases.rows import Row, fault, shown
from pytest_promptopt.cases.table import TableRow, read_table
from pytest_promptopt.records.strict_json import read_json

AS_JSON = ":json"
"""Ending of the name of a column whose cells are JSON."""

SHOWN_ONLY = ("__description", "__metric")
"""Columns that promptfoo shows to people: they decide nothing and are left out."""

NOT_TAKEN = {
    "__prefix": "write the text at the beginning of the prompt itself",
    "__suffix": "write the text at the end of the prompt itself",
    "__threshold": "delete the column: a case is right if all its checks hold; "
    "min_score= on the marker is a floor for the whole test",
    "__providerOutput": "delete the column: replies come from the model",
}
"""Columns that change what is sent or how it is graded, and what to do instead."""

_EXPECTED = re.compile(r"__expected\d*")
_METADATA = "__metadata:"


def rows_of_csv(text: str, file: str) -> list[Row]:
    """Read cases from a table with a header row.

    A cell is text. ``must_pass`` and ``weight`` are read as what they are, ``tags`` are
    separated by ``|``, and a column named ``NAME:json`` holds JSON. An empty cell of a
    field with a meaning of its own, ``expected`` too, is a field that is not given.

    Args:
        text: The file's text, without a byte order mark.
        file: What messages call the file.

    Raises:
        CaseFileError: The table cannot be read, or a column cannot be used.
    """
    rows = read_table(text, file)
    return [Row(place=row.place, value=_fields(row)) for row in rows]


def parts_of_table(row: TableRow) -> dict[str, Any]:
    """Divide a row as promptfoo does: variables, checks and metadata.

    Returns:
        ``vars``, ``assert`` and ``metadata``, as a test of a configuration has them.

    Raises:
        CaseFileError: A magic column cannot be used.
    """
    cells = row.cells
    return {
        "vars": {name: cells[name] for name in cells if not name.startswith("__")},
        "assert": _checks(row),
        "metadata": _metadata(row),
    }


def tags_of_metadata(metadata: Mapping[str, Any], place: str) -> list[str]:
    """Return metadata as tags: ``category: math`` becomes ``"category=math"``.

    What is named ``tags`` gives the tags themselves. Empty values give none.

    Raises:
        CaseFileError: A value is neither text, number, boolean nor a list of these.
    """
    tags: list[str] = []
    for name, value in metadata.items():
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if entry is None or entry == "":
                continue
            if isinstance(entry, (Mapping, list)):
                raise fault(
                    place,
                    f"metadata {name!r} holds {shown(entry)}, which is no label",
                    "write a text or a list of texts",
                )
            word = str(entry).lower() if isinstance(entry, bool) else str(entry)
            label = " ".join(word.split())
            tags.append(label if name == "tags" else f"{name}={label}")
    return tags


def _fields(row: TableRow) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for column, cell in row.cells.items():
        if column.startswith("__"):
            continue
        name = column.removesuffix(AS_JSON).strip()
        if name != column and name in row.cells:
            raise fault(
                row.place,
                f"columns {name!r} and {column!r} are the same field",
                "keep one of the two",
            )
        if name in RESERVED and not cell.strip():
            continue
        if name != column:
            fields[name] = _json(cell, column, row.place)
        else:
            fields[name] = _typed(name, cell, row.place)
    checks = _checks(row)
    if checks:
        if "expected" in fields:
            raise fault(
                row.place,
                "has both 'expected' and '__expected'",
                "keep one of the two columns",
            )
        read = [read_check(check, row.place, row.cells) for check in checks]
        fields["expected"] = expected_of_checks(read)
    tags = tags_of_metadata(_metadata(row), row.place)
    if tags:
        fields["tags"] = [*fields.get("tags", []), *tags]
    return fields


def _typed(name: str, cell: str, place: str) -> Any:
    if name == "must_pass":
        return {"true": True, "false": False}.get(cell.strip().lower(), cell)
    if name == "weight":
        return _number(cell)
    if name == "tags":
        return _tags(cell, place)
    return cell.strip() if name in {"id", "group", "split"} else cell


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def _tags(cell: str, place: str) -> list[str]:
    tags = [tag.strip() for tag in cell.split("|")]
    for tag in tags:
        if "," in tag or ";" in tag:
            raise fault(
                place,
                f"tags is {shown(cell)}, in which {shown(tag)} would be one tag",
                "separate tags with |, as in urgent|german",
            )
    return [tag for tag in tags if tag]


def _json(cell: str, column: str, place: str) -> Any:
    try:
        return read_json(cell)
    except ValueError as error:
        raise fault(
            place,
            f"column {column!r} holds {shown(cell)}, which is no JSON: {error}",
            f"write JSON, null for nothing, or name the column "
            f"{column.removesuffix(AS_JSON)!r} to have text",
        ) from None


def _checks(row: TableRow) -> list[dict[str, Any]]:
    checks: list[dict[str, Any]] = []
    for column, cell in row.cells.items():
        if not column.startswith("__"):
            continue
        if not _EXPECTED.fullmatch(column):
            _check_magic(column, cell, row.place)
        elif cell.strip():
            checks.append(parse_check(cell, row.place))
    return checks


def _check_magic(column: str, cell: str, place: str) -> None:
    if column in SHOWN_ONLY or _metadata_name(column):
        return
    if column in NOT_TAKEN:
        if cell.strip():
            raise fault(
                place,
                f"column {column!r} of promptfoo holds {shown(cell)}, and has no "
                "counterpart here",
                NOT_TAKEN[column],
            )
        return
    if column.startswith("__config:"):
        if cell.strip():
            raise fault(
                place,
                f"column {column!r} of promptfoo sets {shown(cell)}, and has no "
                "counterpart here",
                "delete the column, and set up a scorer in the test instead",
            )
        return
    raise fault(place, f"unknown magic column {column!r}", _magic_hint(column))


def _magic_hint(column: str) -> str:
    if column.startswith("__metadata"):
        return "write __metadata:NAME, as in __metadata:category"
    known = ["__expected", *SHOWN_ONLY, *NOT_TAKEN]
    close = difflib.get_close_matches(column, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "name the column without the two underscores to make it a variable"


def _metadata_name(column: str) -> str:
    if not column.startswith(_METADATA):
        return ""
    return column.removeprefix(_METADATA).removesuffix("[]").strip()


def _metadata(row: TableRow) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for column, cell in row.cells.items():
        name = _metadata_name(column)
        if name:
            found[name] = _listed(cell) if column.endswith("[]") else cell.strip()
    return found


def _listed(cell: str) -> list[str]:
    """Divide a list of promptfoo: by commas, but for those after a backslash."""
    entries: Sequence[str] = re.split(r"(?<!\\),", cell)
    return [entry.replace("\\,", ",").strip() for entry in entries]
