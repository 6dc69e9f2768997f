"""Eval cases: read from files or Python, checked, split into train and holdout."""

from pytest_promptopt.cases.loading import CaseSource, load_cases
from pytest_promptopt.cases.splitting import Split, split_cases
from pytest_promptopt.cases.variables import check_variables

__all__ = ["CaseSource", "Split", "check_variables", "load_cases", "split_cases"]
