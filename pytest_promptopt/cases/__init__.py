"""Eval cases: read from files or Python, checked, split into train and holdout."""

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
