"""Cases in a parquet file, read by duckdb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_promptopt.cases.fields import RESERVED
from pytest_promptopt.cases.optional import optional
from pytest_promptopt.cases.rows import MOST_CASES, Row, fault

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = {
    # Nothing is fetched, and a small file that unpacks to much is refused.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "1GB",
    "threads": "1",
}


def rows_of_parquet(path: Path, file: str) -> list[Row]:
    """Read one case a row; columns are fields.

    A null in a field with a meaning of its own is a field that is not given.

    Args:
        path: The file.
        file: What messages call it.

    Raises:
        CaseFileError: duckdb is not installed, or it cannot read the file.
    """
    if set(str(path)) & set("*?[]"):  # duckdb takes the name for a pattern
        raise fault(
            file,
            "a parquet file with *, ?, [ or ] in its path cannot be read",
            "rename the file or the folder",
        )
    duckdb = optional("duckdb", extra="parquet", file=file)
    try:
        with duckdb.connect(":memory:", config=_SETTINGS) as connection:
            found = connection.execute(
                "SELECT * FROM read_parquet(?) LIMIT ?", [str(path), MOST_CASES + 1]
            )
            names = [str(column[0]) for column in found.description]
            records = found.fetchall()
    except duckdb.Error as error:
        raise fault(
            file,
            f"cannot be read as parquet: {str(error).splitlines()[0]}",
            "write the file anew, or write the cases as JSON lines",
        ) from None
    return [
        Row(place=f"{file} row {number}", value=_fields(names, record))
        for number, record in enumerate(records, start=1)
    ]


def _fields(names: list[str], record: tuple[Any, ...]) -> dict[str, Any]:
    fields = dict(zip(names, record, strict=True))
    return {
        name: value
        for name, value in fields.items()
        if value is not None or name not in RESERVED
    }
