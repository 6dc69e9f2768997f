"""Frozen values that survive a JSON round trip unchanged.

Every record has ``to_json``, built-in types only, and ``from_json``, its inverse:
``from_json(to_json(x)) == x``. Mappings are shared, not copied, and are never
written to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.lazily import resolve_lazily

if TYPE_CHECKING:
    from pytest_promptopt.records.ancestor import Ancestor
    from pytest_promptopt.records.base import Record, canonical_json, digest, unshared
    from pytest_promptopt.records.candidate_score import CandidateScore
    from pytest_promptopt.records.case_detail import CaseDetail
    from pytest_promptopt.records.chat import Completion, Request, Usage
    from pytest_promptopt.records.decision import (
        Outcome,
        Remark,
        TestResult,
        Verdict,
    )
    from pytest_promptopt.records.evaluation import Case, Score, Trial, Trials
    from pytest_promptopt.records.gain_split import GainSplit
    from pytest_promptopt.records.grounds import (
        CaseChange,
        LimitCheck,
        Redraw,
        TagAccuracy,
    )
    from pytest_promptopt.records.message import Message, Role, with_call_ids
    from pytest_promptopt.records.needed import Needed
    from pytest_promptopt.records.rechecking import RECHECKS, Recheck
    from pytest_promptopt.records.recipient import Recipient
    from pytest_promptopt.records.score_change import ScoreChange
    from pytest_promptopt.records.searching import (
        Candidate,
        Edit,
        Origin,
        Proposal,
        SearchResult,
        SecondOpinion,
        Step,
    )
    from pytest_promptopt.records.shortening import Shortening
    from pytest_promptopt.records.source_change import SourceChange

__all__ = [
    "RECHECKS",
    "Ancestor",
    "Candidate",
    "CandidateScore",
    "Case",
    "CaseChange",
    "CaseDetail",
    "Completion",
    "Edit",
    "GainSplit",
    "LimitCheck",
    "Message",
    "Needed",
    "Origin",
    "Outcome",
    "Proposal",
    "Recheck",
    "Recipient",
    "Record",
    "Redraw",
    "Remark",
    "Request",
    "Role",
    "Score",
    "ScoreChange",
    "SearchResult",
    "SecondOpinion",
    "Shortening",
    "SourceChange",
    "Step",
    "TagAccuracy",
    "TestResult",
    "Trial",
    "Trials",
    "Usage",
    "Verdict",
    "canonical_json",
    "digest",
    "unshared",
    "with_call_ids",
]

resolve_lazily(
    __name__,
    {
        "ancestor": ("Ancestor",),
        "base": (
            "Record",
            "canonical_json",
            "digest",
            "unshared",
        ),
        "candidate_score": ("CandidateScore",),
        "case_detail": ("CaseDetail",),
        "chat": (
            "Completion",
            "Request",
            "Usage",
        ),
        "decision": (
            "Outcome",
            "Remark",
            "TestResult",
            "Verdict",
        ),
        "evaluation": (
            "Case",
            "Score",
            "Trial",
            "Trials",
        ),
        "gain_split": ("GainSplit",),
        "grounds": (
            "CaseChange",
            "LimitCheck",
            "Redraw",
            "TagAccuracy",
        ),
        "message": (
            "Message",
            "Role",
            "with_call_ids",
        ),
        "needed": ("Needed",),
        "rechecking": (
            "RECHECKS",
            "Recheck",
        ),
        "recipient": ("Recipient",),
        "score_change": ("ScoreChange",),
        "shortening": ("Shortening",),
        "searching": (
            "Candidate",
            "Edit",
            "Origin",
            "Proposal",
            "SearchResult",
            "SecondOpinion",
            "Step",
        ),
        "source_change": ("SourceChange",),
    },
)
