"""Eval cases: read from files or Python, checked, split into train and holdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.lazily import resolve_lazily

if TYPE_CHECKING:
    from pytest_promptopt.cases.loading import CaseSource, load_cases
    from pytest_promptopt.cases.rows import MOST_CASES
    from pytest_promptopt.cases.selecting import select_cases, selection_note
    from pytest_promptopt.cases.splitting import Split, hanging_together, split_cases
    from pytest_promptopt.cases.variables import check_variables

__all__ = [
    "MOST_CASES",
    "CaseSource",
    "Split",
    "check_variables",
    "hanging_together",
    "load_cases",
    "select_cases",
    "selection_note",
    "split_cases",
]

resolve_lazily(
    __name__,
    {
        "loading": (
            "CaseSource",
            "load_cases",
        ),
        "rows": ("MOST_CASES",),
        "selecting": (
            "select_cases",
            "selection_note",
        ),
        "splitting": (
            "Split",
            "hanging_together",
            "split_cases",
        ),
        "variables": ("check_variables",),
    },
)
