"""Records: frozen, checked, and equal to what their JSON gives back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_promptopt import records
from pytest_promptopt.errors import ReplyNotJsonError
from pytest_promptopt.records import (
    Ancestor,
    Candidate,
    CandidateScore,
    Case,
    CaseChange,
    CaseDetail,
    Completion,
    Edit,
    GainSplit,
    LimitCheck,
    Message,
    Needed,
    Origin,
    Proposal,
    Recheck,
    Recipient,
    Redraw,
    Remark,
    Request,
    Score,
    ScoreChange,
    SearchResult,
    SecondOpinion,
    Shortening,
    SourceChange,
    Step,
    TagAccuracy,
    TestResult,
    Trial,
    Usage,
    Verdict,
    digest,
)

CHANGE = CaseChange(
    case_id="c1", place="a:1", expected="x", got="y", before="x", was=1.0, now=0.0
)
EDIT = Edit(path="/p", sha256="00", start=1, end=2, replacement="new")
OPINION = SecondOpinion(before=0.5, after=0.7, p_value=0.02, cases=30)
SPLIT = GainSplit(
    became_parseable=0.1, became_right=0.1, lost_parse=0.0, became_wrong=0.0, cases=3
)
SHORT = Shortening(before=2010, after=840, margin=0.05)
FARE = ScoreChange(case_id="c1", place="a:1", was=1.0, now=0.5, must_pass=True)
RECIPIENT = Recipient(model="m", role="task", host="h")
PROPOSAL = Proposal(
    candidate=Candidate(texts={"a#b": "new"}),
    incumbent=Candidate(texts={"a#b": "old"}),
    edits=(EDIT,),
    before=0.5,
    after=0.75,
    interval=(0.1, 0.4),
    p_value=0.001,
    alpha=0.015,
    look=0,
    holdout_cases=40,
    trials=3,
    texts={"registry:a": "new"},
    second=OPINION,
    split=SPLIT,
    shortening=SHORT,
    worse=1,
    changes=(FARE,),
    prompt={"sources": [{"role": "", "key": "a", "text": "old", "includes": {}}]},
)
ANCESTOR = Ancestor(key="00", operator="rewrite", parents=("01",), region="a#b", mean=1)
CANDIDATE_SCORE = CandidateScore(
    key="00", step=1, mean=0.5, cases=20, calls=60, holdout=True, origin="rewrite"
)
SEARCH = SearchResult(
    strategy="opro",
    outcome="proposed",
    stopped="steps",
    steps=(Step(number=0, asked=0, scored=1, rejected={}, best=0.5, calls=40),),
    proposal=PROPOSAL,
    best_candidate=PROPOSAL.candidate,
    best_texts={"registry:a": "new"},
    look={"incumbent": "i", "holdout": ["h"], "run": "r"},
    lineage=(ANCESTOR,),
    notes=("Mind the gap.",),
    scored=(CANDIDATE_SCORE,),
)
TAG = TagAccuracy(tag="german", cases=3, was=None, now=0.5)
RECHECK = Recheck(
    nodeid="u.py::u",
    selector="tests/u.py::u",
    outcome="fail",
    cause="worse",
    before=0.9,
    after=0.5,
)
LIMIT = LimitCheck(
    part="tokens",
    limit="+10%",
    was=100.0,
    now=150.0,
    p_value=0.001,
    held_against=0.025,
    state="exceeded",
)
REDRAW = Redraw(weight=1.0, recorded=(1.0, 0.0, 1.0), fresh=(1.0,))
NEEDED = Needed(cases=400, trials=None, cases_calls=1600, cases_cost=0.25)
SOURCE_CHANGE = SourceChange(
    label="p.j2", path="prompts/p.j2", line=3, removed="a", added="b", diff="-a\n+b\n"
)
DETAIL = CaseDetail(
    case_id="c1",
    place="cases.jsonl:1",
    inputs={"ticket": "Where is it?"},
    expected="shipping",
    tags=("german",),
    was=1.0,
    now=0.5,
    before=(Trial(score=Score(value=1.0), output="shipping"),),
    after=(Trial(score=Score(value=0.5, reason="half"), output="?"),),
)
REMARK = Remark(kind="stale on main", text="The record is of another prompt.")
VERDICT = Verdict(
    outcome="fail",
    cause="worse",
    accuracy=0.5,
    interval=(0.4, 0.6),
    baseline_accuracy=0.7,
    baseline_interval=(0.6, 0.8),
    worse=(CHANGE,),
    missing=("c9",),
    pattern=("3 of 3 broken cases got 'x'",),
    tags=(TAG,),
    limits=(LIMIT,),
)
ONE_OF_EACH = [
    Message(role="user", content="hi"),
    Request(messages=(Message(role="user", content="hi"),), settings={"n": 1}, seed=2),
    Usage(prompt_tokens=3, completion_tokens=4),
    Completion(text="t", tool_calls=({"name": "f", "arguments": "{}"},), usage=Usage()),
    Case(id="c1", inputs={"ticket": "x"}, expected=None, tags=("a",)),
    Score(value=0.5, reason="half", parts={"a": 1.0}),
    Trial(score=Score(value=1.0), output="x"),
    Trial.lost("provider: gone"),
    PROPOSAL.candidate,
    EDIT,
    ANCESTOR,
    Origin(operator="rewrite", parents=("01",), reply="x", detail={"slots": [1]}),
    OPINION,
    SPLIT,
    SHORT,
    FARE,
    RECIPIENT,
    PROPOSAL,
    SEARCH.steps[0],
    SEARCH,
    CHANGE,
    TAG,
    LIMIT,
    REDRAW,
    REMARK,
    CANDIDATE_SCORE,
    NEEDED,
    SOURCE_CHANGE,
    DETAIL,
    RECHECK,
    VERDICT,
    TestResult(
        nodeid="t.py::t",
        prompt="p.j2",
        model="m",
        verdict=VERDICT,
        search=SEARCH,
        unconfirmed=(EDIT,),
        rechecks=(RECHECK,),
        redraws=(REDRAW,),
        remarks=(REMARK,),
        labels="50.0% of 4 labels right",
        judge=("judge model m: 4 calls",),
        recipients=(RECIPIENT,),
        source_changes=(SOURCE_CHANGE,),
        needed=NEEDED,
        details="/d.jsonl",
        shows="ids",
    ),
]


@pytest.mark.parametrize("record", ONE_OF_EACH, ids=lambda r: type(r).__name__)
def test_a_record_is_what_its_json_gives_back(record: Any) -> None:
    carried = json.loads(json.dumps(record.to_json(), allow_nan=False))

    assert type(record).from_json(carried) == record


def test_there_is_one_of_each_record_above() -> None:
    exported = {
        name
        for name in records.__all__
        if dataclasses.is_dataclass(getattr(records, name))
    }

    assert exported == {type(record).__name__ for record in ONE_OF_EACH}


@pytest.mark.parametrize("record", ONE_OF_EACH, ids=lambda r: type(r).__name__)
def test_a_record_is_frozen(record: Any) -> None:
    name = dataclasses.fields(record)[0].name

    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, name, None)


@given(st.floats(allow_nan=True).filter(lambda x: not 0.0 <= x <= 1.0))
def test_a_score_outside_0_to_1_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not in"):
        Score(value=value)


def test_an_unscored_reply_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Score(value=None)


def test_a_missing_trial_cannot_have_a_score() -> None:
    with pytest.raises(ValueError, match="missing"):
        Trial(score=Score(value=0.0), missing="provider")


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_not_above_0_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="weight"):
        Case(id="c", inputs={}, weight=weight)


def test_a_case_hash_depends_on_content_not_on_id_or_place() -> None:
    case = Case(id="a", inputs={"x": 1}, expected="y", place="f:1")

    assert case.hash == Case(id="b", inputs={"x": 1}, expected="y", place="g:2").hash
    assert case.hash != Case(id="a", inputs={"x": 2}, expected="y").hash
    assert case.hash != Case(id="a", inputs={"x": 1}, has_expected=False).hash


def test_a_reply_that_is_not_json_is_a_wrong_answer() -> None:
    with pytest.raises(ReplyNotJsonError, match="reply is not JSON"):
        _ = Completion(text="well...").json

    assert issubclass(ReplyNotJsonError, AssertionError)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_a_digest_does_not_depend_on_key_order(value: dict[str, Any]) -> None:
    turned = dict(reversed(list(value.items())))

    assert digest(value) == digest(turned)
