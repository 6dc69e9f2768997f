"""Scorers: how right a reply to a case is.

A scorer is a function ``(case, completion)`` that returns a :class:`Score`; each name
here is a factory that makes one, ``scorer=exact(ignore_case=True)``. A marker may also
name one with its defaults, ``scorer="exact"``, or take any function of the same form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.lazily import resolve_lazily

if TYPE_CHECKING:
    from pytest_promptopt.scorers.asking import SECOND, Asked, Asking, Question
    from pytest_promptopt.scorers.choice import choice
    from pytest_promptopt.scorers.composition import all_of, any_of, not_
    from pytest_promptopt.scorers.deferred import files_of, leaves
    from pytest_promptopt.scorers.exact import exact
    from pytest_promptopt.scorers.grading import Scorer, as_score, unusable
    from pytest_promptopt.scorers.honesty import Honesty
    from pytest_promptopt.scorers.includes import includes
    from pytest_promptopt.scorers.json_fields import json_fields
    from pytest_promptopt.scorers.json_schema import json_schema
    from pytest_promptopt.scorers.judge import judge
    from pytest_promptopt.scorers.judge_pair import judge_pair
    from pytest_promptopt.scorers.label_report import (
        LabelReport,
        label_line,
        label_lines,
        label_pairs,
        label_report,
    )
    from pytest_promptopt.scorers.number import number
    from pytest_promptopt.scorers.overlap import list_f1, set_f1
    from pytest_promptopt.scorers.regex import regex
    from pytest_promptopt.scorers.resolving import resolve_scorer
    from pytest_promptopt.scorers.similarity import similarity
    from pytest_promptopt.scorers.tool_call import tool_call
    from pytest_promptopt.scorers.verdict import verdict

__all__ = [
    "SECOND",
    "Asked",
    "Asking",
    "Honesty",
    "LabelReport",
    "Question",
    "Scorer",
    "all_of",
    "any_of",
    "as_score",
    "choice",
    "exact",
    "files_of",
    "includes",
    "json_fields",
    "json_schema",
    "judge",
    "judge_pair",
    "label_line",
    "label_lines",
    "label_pairs",
    "label_report",
    "leaves",
    "list_f1",
    "not_",
    "number",
    "regex",
    "resolve_scorer",
    "set_f1",
    "similarity",
    "tool_call",
    "unusable",
    "verdict",
]

resolve_lazily(
    __name__,
    {
        "asking": ("SECOND", "Asked", "Asking", "Question"),
        "choice": ("choice",),
        "composition": ("all_of", "any_of", "not_"),
        "deferred": ("files_of", "leaves"),
        "exact": ("exact",),
        "grading": ("Scorer", "as_score", "unusable"),
        "honesty": ("Honesty",),
        "includes": ("includes",),
        "json_fields": ("json_fields",),
        "json_schema": ("json_schema",),
        "judge": ("judge",),
        "judge_pair": ("judge_pair",),
        "label_report": (
            "LabelReport",
            "label_line",
            "label_lines",
            "label_pairs",
            "label_report",
        ),
        "number": ("number",),
        "overlap": ("list_f1", "set_f1"),
        "regex": ("regex",),
        "resolving": ("resolve_scorer",),
        "similarity": ("similarity",),
        "tool_call": ("tool_call",),
        "verdict": ("verdict",),
    },
)
