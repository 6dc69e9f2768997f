"""The JSON document of a run as text, piece by piece."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_promptopt.report.document import case_entries, entry_of, head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_promptopt.report.run_report import RunReport

_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False)


def document_text(report: RunReport) -> Iterator[str]:
    """Yield the document as ASCII JSON, with each test and each case on its own line.

    No more than one case is held at a time, and a reader can take line by line, too.

    Args:
        report: The run.
    """
    yield f'{_open(head(report))}, "tests": ['
    for number, result in enumerate(report.results):
        entry = _open(entry_of(result, report))
        yield f'{"," if number else ""}\n{entry}, "cases": ['
        for index, case in enumerate(case_entries(result, report)):
            yield f"{',' if index else ''}\n{_ENCODER.encode(case)}"
        yield "]}"
    yield "\n]}\n"


def _open(entry: dict[str, Any]) -> str:
    """Return an object's text without the brace that closes it."""
    return _ENCODER.encode(entry).removesuffix("}")
