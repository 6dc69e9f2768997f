"""Verdicts: what the trials of a prompt test say, and with what certainty.

Everything here is a pure function of records. The rule is the plain form of the
design's: edited prompts are compared in one run and one look.
"""

from pytest_promptopt.gate.comparison import Comparison, compare
from pytest_promptopt.gate.rules import judge_edited, judge_unedited, report_only
from pytest_promptopt.gate.single import error, judge_alone, judge_unchanged

__all__ = [
    "Comparison",
    "compare",
    "error",
    "judge_alone",
    "judge_edited",
    "judge_unchanged",
    "judge_unedited",
    "report_only",
]
