"""Scorers: how right a reply to a case is.

A scorer is a function ``(case, completion)`` that returns a :class:`Score`; each name
here is a factory that makes one, ``scorer=exact(ignore_case=True)``. A marker may also
name one with its defaults, ``scorer="exact"``, or take any function of the same form.
"""

from pytest_promptopt.scorers.choice import choice
from pytest_promptopt.scorers.exact import exact
from pytest_promptopt.scorers.grading import Scorer, as_score, unusable
from pytest_promptopt.scorers.includes import includes
from pytest_promptopt.scorers.json_fields import json_fields
from pytest_promptopt.scorers.number import number
from pytest_promptopt.scorers.regex import regex
from pytest_promptopt.scorers.resolving import resolve_scorer

__all__ = [
    "Scorer",
    "as_score",
    "choice",
    "exact",
    "includes",
    "json_fields",
    "number",
    "regex",
    "resolve_scorer",
    "unusable",
]
