"""Text that tries to be more than text, in every place of a run that holds text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from html_reports import failing, report, searched, trial, worse

from pytest_promptopt.records import CaseDetail, TestResult
from pytest_promptopt.report.run_report import RunReport

MARKUP = (
    '</script></style></title><script>alert(1)</script><img src=x onerror="alert(2)">'
    "<a href='javascript:alert(3)'>x</a><svg/onload=alert(4)><!-- <iframe src=//a.b>"
    "]]><b onclick='x'>{{ 7*7 }}{% raw %} https://evil.example @all &lt;&#60;&amp"
)
BREAKING = '" onmouseover=alert(5) x="\' autofocus onfocus=alert(6) `>'
UNSEEN = "\x00\x07\x1b[31m\r\x9b\u202e\u2066\u200b\u200d\ufeff\u2028\U000e0041\ud800"
HOSTILE = f"{MARKUP}{BREAKING}{UNSEEN}::error::x\n##[error]y"

# What is compared with words of ours, or parsed: no text of others.
_OURS = frozenset(
    {"outcome", "state", "role", "shows", "details", "date", "baseline_date", "kind"}
)


def poisoned(record: Any) -> Any:
    """Return a record with hostile text behind every text in it."""
    changed = {
        field.name: _value(getattr(record, field.name))
        for field in dataclasses.fields(record)
        if field.name not in _OURS
    }
    return dataclasses.replace(record, **changed)


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return f"{value}{HOSTILE}"
    if dataclasses.is_dataclass(value):
        return poisoned(value)
    if isinstance(value, Mapping):
        return {_value(key): _value(entry) for key, entry in value.items()}
    if isinstance(value, tuple) and value:
        return tuple(map(_value, value))
    return value


def hostile() -> RunReport:
    """Build a run whose ids, names, cases, replies, prompts and notes are hostile."""
    case = worse("c", after=(trial("x", 0.0, "why"), trial("y", None, "lost")))
    results: Iterable[TestResult] = (poisoned(failing()), poisoned(searched()))
    details: list[CaseDetail] = [poisoned(case), poisoned(worse("d"))]
    pairs = [(one, details) for one in results]
    return report(
        *pairs,
        drift=HOSTILE,
        problems=(HOSTILE,),
        remarks=(HOSTILE,),
        diffs={one.nodeid: f"--- a\n+++ b\n-a\n+{HOSTILE}\n" for one, _ in pairs},
        apply_command=f"git apply {HOSTILE}",
        version=HOSTILE,
    )
