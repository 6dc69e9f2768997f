from __future__ import annotations

from pathlib import Path

import pytest

from pytest_promptopt.cases import load_cases
from pytest_promptopt.errors import CaseFileError

duckdb = pytest.importorskip("duckdb")


def test_rows_are_cases_and_nulls_of_our_fields_are_not_given(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    duckdb.sql(
        "COPY (SELECT * FROM (VALUES ('Hi', 'a', ['x', 'y'], NULL), "
        "('Yo', NULL, NULL, 'b')) AS t(ticket, expected, tags, note)) "
        f"TO '{path}' (FORMAT parquet)"
    )

    first, second = load_cases("c.parquet", roots=[tmp_path], label="")

    assert first.inputs == {"ticket": "Hi", "note": None}
    assert (first.expected, first.tags) == ("a", ("x", "y"))
    assert (second.has_expected, second.place) == (False, "c.parquet row 2")


def test_another_file_under_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.parquet").write_text("no parquet", encoding="utf-8")

    with pytest.raises(CaseFileError, match=r"c\.parquet: cannot be read as parquet"):
        load_cases("c.parquet", roots=[tmp_path], label="")
