"""What docs/reports.md says, against the code."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from html_reports import full
from report_results import compared, result

from pytest_promptopt.conclusion import MOST as ANNOTATIONS
from pytest_promptopt.option_values import KINDS
from pytest_promptopt.report.comment import MOST
from pytest_promptopt.report.comment_parts import MEASURES
from pytest_promptopt.report.document import document
from pytest_promptopt.report.document_text import document_text
from pytest_promptopt.report.junit import properties
from pytest_promptopt.step_summary import MOST as SUMMARY

PAGE = (Path(__file__).parents[2] / "docs" / "reports.md").read_text("utf-8")


def rows(head: str) -> list[str]:
    """Return the first cells of the table below a head."""
    table = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0]
    return [line.split(" | ")[0].strip("| ") for line in table.splitlines()[2:]]


def test_the_kinds_and_limits_of_the_page_are_those_of_the_code() -> None:
    assert [cell.strip("`") for cell in rows("kind")] == list(KINDS)
    assert f"at most {MOST:,} characters" in PAGE
    assert f"up to {SUMMARY:,} bytes" in PAGE
    assert f"GitHub shows {ANNOTATIONS} of each" in PAGE


def test_what_is_left_out_first_is_what_the_page_says() -> None:
    everything, shorter, shortest, without, least = MEASURES

    for more, less in ((everything, shorter), (shorter, shortest)):
        assert more.cases >= less.cases > 0
        assert more.characters > less.characters > 0
        assert more.diff > less.diff > 0
        assert more.figures > less.figures > 0
    assert (without.characters, without.diff, without.figures) == (0, 0, 0)
    assert (least.cases, least.lines) == (0, 2)


def test_the_keys_of_the_page_are_those_of_the_document() -> None:
    told = document(full())
    named = [name for cell in rows("key") for name in re.findall(r"`([^`]+)`", cell)]

    assert len(named) > 10
    for name in named:
        entry: Any = told
        for key in re.split(r"\.", name.removesuffix("[]").replace("[]", "")):
            entry = (entry[0] if isinstance(entry, list) else entry)[key]


def test_the_properties_of_the_page_are_those_that_are_written() -> None:
    named = [
        name for cell in rows("property") for name in re.findall("`([^`]+)`", cell)
    ]

    written = properties(result(compared("fail", "worse"), cost=0.1))
    assert named == [name for name, _ in written]


def test_the_python_of_the_page_reads_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("reports").mkdir()
    Path("reports/prompts.json").write_text("".join(document_text(full())), "ascii")

    with redirect_stdout(io.StringIO()) as printed:
        exec(code, {})

    lines = printed.getvalue().splitlines()
    assert lines[0].startswith("fail worse False {'fail': 1, 'error': 1,")
    assert lines[1] == ("tests/test_prompts.py::test_triage fail -0.2 ['vip-1', 'c-1']")
