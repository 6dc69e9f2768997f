"""A table in CSV: header and cells as text, each row at its line."""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt.cases.rows import fault, shown
from pytest_promptopt.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row of a table.

    Attributes:
        place: ``file:line`` of the line where the row begins.
        cells: Column name to text, in the order of the columns.
    """

    place: str
    cells: Mapping[str, str]


def read_table(text: str, file: str) -> list[TableRow]:
    """Read a CSV text with a header row.

    Columns are separated by commas; by tabs in a ``.tsv`` file; by semicolons if the
    header has some and no comma, as spreadsheets in much of Europe write it. Rows
    without any text are skipped. A line end within quotes is a line feed, whatever the
    file's line ends are, so that a checkout that turns them changes no case.

    Args:
        text: The file's text, without a byte order mark.
        file: What messages call the file.

    Raises:
        CaseFileError: A quote is not closed, a row has more or fewer fields than the
            header, or a column has no name of its own.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    records = _records(lines, file, _separator(lines, file))
    header: list[str] | None = None
    rows: list[TableRow] = []
    for place, record in records:
        if not any(cell.strip() for cell in record):
            continue
        if header is None:
            header = _header(record, place)
            continue
        _check_width(record, header, place)
        cells = dict(zip(header, record, strict=True))
        rows.append(TableRow(place=place, cells=cells))
    return rows


def _separator(lines: Sequence[str], file: str) -> str:
    if file.lower().endswith(".tsv"):
        return "\t"
    header = next((line for line in lines if line.strip()), "")
    return ";" if ";" in header and "," not in header else ","


def _records(
    lines: Sequence[str], file: str, separator: str
) -> Iterator[tuple[str, list[str]]]:
    reader = csv.reader(
        (f"{line}\n" for line in lines), delimiter=separator, strict=True
    )
    while True:
        line = reader.line_num + 1
        place = f"{file}:{line}"
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise _syntax_fault(str(error), place) from None
        if record is None:
            return
        yield place, record


def _syntax_fault(message: str, place: str) -> Exception:
    if "end of data" in message:
        problem = "bad CSV: a quote that opens in this row is never closed"
        hint = "close it; write a quote within a quoted field twice"
    elif "field larger" in message:
        problem = f"bad CSV: {message}"
        hint = "close the quote that is open here, or write long cases as JSON lines"
    elif "new-line" in message:
        problem = "bad CSV: a carriage return stands outside quotes"
        hint = "save the file with LF or CRLF line ends"
    else:
        problem = f"bad CSV: {message} in the row that begins here"
        hint = 'put the whole field in quotes, and write a quote within it twice: ""'
    return fault(place, problem, hint)


def _header(record: Sequence[str], place: str) -> list[str]:
    names = [name.strip() for name in record]
    for number, name in enumerate(names, start=1):
        if not name:
            raise fault(
                place,
                f"column {number} of {len(names)} has no name",
                "name every column in the first row, or delete the column",
            )
        if names.index(name) + 1 < number:
            raise fault(
                place,
                f"columns {names.index(name) + 1} and {number} are both named "
                f"{shown(name)}",
                "give each column a name of its own",
            )
    return names


def _check_width(record: Sequence[str], header: Sequence[str], place: str) -> None:
    if len(record) == len(header):
        return
    pairs = itertools.zip_longest(header, record)
    name, cell = next(itertools.islice(pairs, min(len(record), len(header)), None))
    detail = (
        f"nothing for {shown(name)}"
        if len(record) < len(header)
        else f"{shown(cell)} is too much"
    )
    raise fault(
        place,
        f"the row has {count(len(record), 'field')}, the header has {len(header)}: "
        f"{detail}",
        "add or delete a separator, or put a field that contains one in quotes",
    )
