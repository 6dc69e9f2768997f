"""Verdicts: what the trials of a prompt test say, and with what certainty.

Everything here is a pure function of records. Whoever calls the models asks
:func:`judge_edited` after each look, takes another one while :func:`goes_on` says so,
and then retries the ``must_pass`` cases that :func:`doubtful_must_pass` names, and once
more those that :func:`doubtful_still` names after :func:`with_retrials`. What could be
the provider's doing is decided once for the whole suite, by :func:`judge_drift`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.lazily import resolve_lazily

if TYPE_CHECKING:
    from pytest_promptopt.gate.acceptance import accepted, report_only
    from pytest_promptopt.gate.comparison import Comparison, compare
    from pytest_promptopt.gate.drift import Drift, DriftedTest, judge_drift
    from pytest_promptopt.gate.must_pass import doubtful_must_pass, unsteady_must_pass
    from pytest_promptopt.gate.needed import what_settles
    from pytest_promptopt.gate.retrials import doubtful_still, with_retrials
    from pytest_promptopt.gate.rules import goes_on, judge_edited
    from pytest_promptopt.gate.single import error, judge_alone, no_score
    from pytest_promptopt.gate.terms import (
        LOOKS,
        RECORDED_TRIALS,
        RETRIALS,
        ROUNDS,
        Terms,
        trials_per_look,
    )
    from pytest_promptopt.gate.unedited import (
        judge_kept,
        judge_unchanged,
        judge_unedited,
        redraws,
    )

__all__ = [
    "LOOKS",
    "RECORDED_TRIALS",
    "RETRIALS",
    "ROUNDS",
    "Comparison",
    "Drift",
    "DriftedTest",
    "Terms",
    "accepted",
    "compare",
    "doubtful_must_pass",
    "doubtful_still",
    "error",
    "goes_on",
    "judge_alone",
    "judge_drift",
    "judge_edited",
    "judge_kept",
    "judge_unchanged",
    "judge_unedited",
    "no_score",
    "redraws",
    "report_only",
    "trials_per_look",
    "unsteady_must_pass",
    "what_settles",
    "with_retrials",
]

resolve_lazily(
    __name__,
    {
        "acceptance": ("accepted", "report_only"),
        "comparison": ("Comparison", "compare"),
        "drift": ("Drift", "DriftedTest", "judge_drift"),
        "must_pass": ("doubtful_must_pass", "unsteady_must_pass"),
        "needed": ("what_settles",),
        "retrials": ("doubtful_still", "with_retrials"),
        "rules": ("goes_on", "judge_edited"),
        "single": ("error", "judge_alone", "no_score"),
        "terms": (
            "LOOKS",
            "RECORDED_TRIALS",
            "RETRIALS",
            "ROUNDS",
            "Terms",
            "trials_per_look",
        ),
        "unedited": ("judge_kept", "judge_unchanged", "judge_unedited", "redraws"),
    },
)
