"""Cases in JSON: one object a line, or one list of objects."""

from __future__ import annotations

import json
import re

from pytest_promptopt.cases.rows import Row, fault, shown
from pytest_promptopt.records.strict_json import read_json, read_json_at

_SPACE = re.compile(r"[ \t\r\n]*")


def rows_of_json_lines(text: str, file: str) -> list[Row]:
    """Read one JSON object a line; blank lines are skipped.

    Args:
        text: The file's text, without a byte order mark.
        file: What messages call the file.

    Raises:
        CaseFileError: A line is no JSON.
    """
    # Only line feeds end a line: U+2028 and its like are legal inside JSON texts.
    lines = text.split("\n")
    return [
        Row(place=f"{file}:{number}", value=_line_value(line, file, number))
        for number, line in enumerate(lines, start=1)
        if line.strip(" \t\r")
    ]


def _line_value(line: str, file: str, number: int) -> object:
    try:
        return read_json(line)
    except json.JSONDecodeError as error:
        raise fault(
            f"{file}:{number}:{error.colno}",
            f"bad JSON: {error.msg} in {shown(line.strip())}",
            _line_hint(line),
        ) from None
    except ValueError as error:
        raise fault(
            f"{file}:{number}",
            f"bad JSON: {error} in {shown(line.strip())}",
            "write each key once and every number in digits",
        ) from None


def _line_hint(line: str) -> str:
    if line.strip() in {"[", "{", "[{"}:
        return "put one whole object on each line, or name the file .json for a list"
    return "put one whole JSON object on each line"


def rows_of_json_list(text: str, file: str) -> list[Row]:
    """Read one JSON list of objects.

    Args:
        text: The file's text, without a byte order mark.
        file: What messages call the file.

    Raises:
        CaseFileError: It is no JSON, or no list.
    """
    _check_list(text, file)
    rows: list[Row] = []
    position = _after_space(text, text.index("[") + 1)
    line, counted = 1, 0
    while text[position] != "]":
        line, counted = line + text.count("\n", counted, position), position
        place = f"{file}:{line}"
        try:
            value, end = read_json_at(text, position)
        except ValueError as error:
            raise fault(
                place,
                f"bad JSON: {error} in the case that begins here",
                "write each key once and every number in digits",
            ) from None
        rows.append(Row(place=place, value=value))
        position = _after_space(text, end)
        if text[position] == ",":
            position = _after_space(text, position + 1)
    return rows


def _check_list(text: str, file: str) -> None:
    """Refuse what the walk over the list must not meet: bad syntax, another value."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise fault(
            f"{file}:{error.lineno}:{error.colno}",
            f"bad JSON: {error.msg}",
            "write one list of objects, or name the file .jsonl for one object a line",
        ) from None
    except (ValueError, RecursionError) as error:
        raise fault(
            file, f"bad JSON: {error}", "write shorter numbers and flatter values"
        ) from None
    if not isinstance(value, list):
        raise fault(
            f"{file}:1",
            f"holds {shown(value)}, not a list of cases",
            "put the cases in [ ], or name the file .jsonl for one object a line",
        )


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return position if found is None else found.end()
