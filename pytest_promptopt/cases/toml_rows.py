"""Cases in TOML: one ``[[case]]`` table each."""

from __future__ import annotations

import difflib
import re

import tomli

from pytest_promptopt.cases.rows import Row, fault, shown

TABLES = ("case", "cases")

_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*cases?[ \t]*\]\]", re.MULTILINE)
_POSITION = re.compile(r" \(at line (\d+), column (\d+)\)$")


def rows_of_toml(text: str, file: str) -> list[Row]:
    """Read the ``[[case]]`` or ``[[cases]]`` tables of a TOML text.

    Args:
        text: The file's text, without a byte order mark.
        file: What messages call the file.

    Returns:
        One row a table, placed at the line of its header; cases written as an inline
        array are counted instead (``file case 3``).

    Raises:
        CaseFileError: It is no TOML, or has other tables than cases.
    """
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise _syntax_fault(str(error), file) from None
    except (ValueError, RecursionError) as error:
        raise fault(
            file, f"bad TOML: {error}", "write shorter numbers and flatter values"
        ) from None
    for name in document:
        _check_table(name, document[name], file)
    if len(document) > 1:
        raise fault(
            file,
            "has both [[case]] and [[cases]] tables",
            "use one of the two names throughout",
        )
    tables = [table for tables in document.values() for table in tables]
    lines = _header_lines(text, len(tables))
    return [
        Row(place=f"{file}:{line}" if line else f"{file} case {number}", value=table)
        for number, (line, table) in enumerate(zip(lines, tables, strict=True), start=1)
    ]


def _syntax_fault(message: str, file: str) -> Exception:
    found = _POSITION.search(message)
    place = file if found is None else f"{file}:{found[1]}:{found[2]}"
    return fault(
        place,
        f"bad TOML: {_POSITION.sub('', message)}",
        "write each case as a [[case]] header and lines of the form name = value",
    )


def _check_table(name: str, value: object, file: str) -> None:
    if name not in TABLES:
        close = difflib.get_close_matches(name, TABLES, n=1)
        raise fault(
            file,
            f"has {name!r} at the top level, where only [[case]] tables belong",
            f"did you mean [[{close[0]}]]?"
            if close
            else "put the fields of each case under a [[case]] header of its own",
        )
    if not isinstance(value, list):
        raise fault(
            file,
            f"{name!r} is {shown(value)}, not a list of cases",
            f"write the header with double brackets: [[{name}]]",
        )


def _header_lines(text: str, count: int) -> list[int | None]:
    """Return the line of each table's header, or ``None`` where it has none."""
    starts = [found.start() for found in _HEADER.finditer(text)]
    if len(starts) != count:
        # A multi-line text may look like a header: what precedes a true one parses.
        starts = [start for start in starts if _parses(text[:start])]
    if len(starts) != count:
        return [None] * count
    return [text.count("\n", 0, start) + 1 for start in starts]


def _parses(text: str) -> bool:
    try:
        tomli.loads(text)
    except tomli.TOMLDecodeError:
        return False
    return True
