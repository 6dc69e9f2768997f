"""Results without the texts of cases and replies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_results import change, compared, result
from test_gate_pattern import Row, kept, rows, sentences

from pytest_promptopt import errors, gate
from pytest_promptopt.records import (
    CaseDetail,
    Recheck,
    Score,
    SearchResult,
    TestResult,
    Trial,
    Verdict,
)
from pytest_promptopt.report.bare_error import WITHHELD, bare_error, bare_problem
from pytest_promptopt.report.ids_only import ids_only, ids_only_detail
from pytest_promptopt.scorers.label_report import label_line, label_report

HERON = "heron"


def reduced(verdict: Verdict, **given: Any) -> TestResult:
    return ids_only(result(verdict, **given))


def test_of_a_case_only_its_id_its_place_and_its_figures_are_left() -> None:
    told = change("c1", expected=HERON, got=HERON, before=HERON, reason=HERON)
    worse = compared("fail", "worse", "it is worse", worse=(told,), better=(told,))

    found = reduced(worse)

    assert found.shows == "ids"
    assert found.verdict.message == "it is worse"
    for entry in (*found.verdict.worse, *found.verdict.better):
        assert (entry.case_id, entry.place) == ("c1", "cases.jsonl:3")
        assert (entry.was, entry.now) == (1.0, 0.0)
        assert entry.expected == entry.got == entry.before == entry.reason == ""
    assert HERON not in json.dumps(found.to_json())


@pytest.mark.parametrize("reason", ["heron says: no", "Heron", "", "a" * 50])
def test_a_finish_reason_that_is_no_word_of_an_api_is_left_out(reason: str) -> None:
    verdict = compared("fail", "worse", worse=(change("c", finish_reason=reason),))

    assert reduced(verdict).verdict.worse[0].finish_reason == "other"


PATTERNS: dict[str, tuple[list[Row], str]] = {
    "confusion": (
        [*rows(4, expected="heron", got="bittern"), *kept(20, "plover")],
        "expect the same answer and got the same other one",
    ),
    "got": (
        [
            Row(expected=f"heron {number}", got="bittern", before="x")
            for number in range(4)
        ]
        + kept(20, "plover"),
        "got the same reply",
    ),
    "empty": (
        [Row(expected=f"heron {number}", got="") for number in range(4)]
        + kept(20, "plover"),
        "got an empty reply",
    ),
    "finish": (
        [
            Row(expected=f"heron {number}", got=f"bittern {number}", finish="length")
            for number in range(4)
        ]
        + kept(20, "plover"),
        "ended with finish reason 'length'",
    ),
    "tag": (
        [
            Row(expected=f"heron {number}", got=f"bittern {number}", tags=("it's",))
            for number in range(4)
        ]
        + kept(20, "plover"),
        'have the tag "it\'s" (4 of 24 cases have it)',
    ),
    "reason": (
        [
            Row(expected=f"heron {number}", got=f"bittern {number}", reason="avocet")
            for number in range(4)
        ]
        + kept(20, "plover"),
        "are wrong for the same reason",
    ),
}


@pytest.mark.parametrize("kind", PATTERNS)
def test_what_broken_cases_share_is_told_without_quoting_it(kind: str) -> None:
    table, shown = PATTERNS[kind]
    verdict = compared("fail", "worse", pattern=sentences(table))

    found = reduced(verdict).verdict.pattern

    assert f"4 of 4 broken cases {shown}" in found
    assert not any(word in " ".join(found) for word in ("heron", "bittern", "avocet"))


def test_a_pattern_that_nobody_knows_is_left_out() -> None:
    verdict = compared("fail", "worse", pattern=("all are about heron",))

    assert reduced(verdict).verdict.pattern == ()


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        ("provider", "no usable reply came from the model"),
        ("test", "the test itself failed"),
        ("setup", "the prompt test could not be set up"),
        ("anything", "the prompt test could not be judged"),
    ],
)
def test_an_error_that_nobody_has_looked_through_is_not_told(
    cause: str, shown: str
) -> None:
    found = reduced(gate.error(cause, "heron")).verdict

    assert found.message.startswith(shown)
    assert "hint: see it in a run of your own" in found.message
    assert HERON not in json.dumps(found.to_json())


def test_an_error_says_what_was_said_without_quoting() -> None:
    found = reduced(gate.error("test", "raised: heron", bare="raised in 3 of 3 runs"))

    assert found.verdict.message == "raised in 3 of 3 runs"
    assert found.verdict.bare == ""


def test_replies_without_a_score_are_counted_and_not_quoted() -> None:
    trials = {"c1": (Trial(score=Score.unscored(HERON)),)}

    found = ids_only(result(gate.no_score(trials))).verdict

    assert found.message == "no case has a score: 1 of 1 trial got none"


def test_of_labels_the_share_of_right_ones_is_left() -> None:
    line = label_line(label_report([("heron", "heron"), ("heron", "bittern")]))

    assert "weakest: bittern" in line
    assert reduced(compared("pass", "same"), labels=line).labels == (
        "50.0% of 2 labels right"
    )
    assert reduced(compared("pass", "same"), labels="weak: heron").labels == ""


@pytest.mark.parametrize(
    ("outcome", "message", "bare", "shown"),
    [
        ("error", "heron", "", f"an error ended it; {WITHHELD}"),
        ("error", "heron", "unknown strategy 'x'", "unknown strategy 'x'"),
        ("refused", "4 cases", "", "4 cases"),
    ],
)
def test_of_a_search_an_error_is_told_without_what_was_said_in_it(
    outcome: Any, message: str, bare: str, shown: str
) -> None:
    search = SearchResult(
        strategy="opro", outcome=outcome, stopped="error", message=message, bare=bare
    )

    found = reduced(compared("pass", "same"), search=search).search

    assert found is not None
    assert (found.message, found.bare) == (shown, "")


@pytest.mark.parametrize(
    ("outcome", "cause", "message", "shown"),
    [
        ("not re-checked", "", "heron", f"it was not run; {WITHHELD}"),
        ("not re-checked", "", "it failed: heron", f"it was not run; {WITHHELD}"),
        ("not re-checked", "", "it may take 9 calls", "it may take 9 calls"),
        (
            "fail",
            "unusable",
            "with heron",
            f"its prompt cannot be used with it; {WITHHELD}",
        ),
        ("fail", "worse", "it is worse", "it is worse"),
    ],
)
def test_a_recheck_says_what_no_error_has_said(
    outcome: Any, cause: str, message: str, shown: str
) -> None:
    recheck = Recheck(
        nodeid="a", selector="a", outcome=outcome, cause=cause, message=message
    )

    found = reduced(compared("pass", "same"), rechecks=(recheck,))
    # They may be added to a result that has been reduced.
    again = ids_only(TestResult(**{**_fields(found), "rechecks": (recheck,)}))

    assert found.rechecks[0].message == again.rechecks[0].message == shown


def _fields(record: TestResult) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


LOST = ["provider: heron", "budget: heron", "test: heron", "not run", "heron"]


@given(
    score=st.sampled_from([0.0, 0.5, 1.0, None]),
    missing=st.sampled_from([None, *LOST]),
    finish=st.sampled_from(["stop", "length", "heron\n"]),
)
def test_a_case_keeps_its_figures_and_none_of_its_texts(
    score: float | None, missing: str | None, finish: str
) -> None:
    value = None if missing else score
    trial = Trial(
        score=Score(value=value, reason=HERON, parts={"format": 1.0}, parsed=False),
        output=HERON,
        finish_reason=finish,
        missing=missing,
        measures={"tokens": 4.0},
    )
    detail = CaseDetail(
        case_id="c1",
        place="cases.jsonl:3",
        inputs={"ticket": HERON},
        expected=HERON,
        tags=("urgent",),
        was=1.0,
        now=value,
        before=(trial,),
        after=(trial, trial),
    )

    found = ids_only_detail(detail)

    assert HERON not in json.dumps(found.to_json())
    assert found.withheld
    assert (found.case_id, found.place, found.tags) == (
        "c1",
        "cases.jsonl:3",
        ("urgent",),
    )
    assert (found.was, found.now) == (1.0, value)
    assert [one.score.value for one in found.after] == [value, value]
    assert all(one.score.parts == {"format": 1.0} for one in found.after)
    assert all((one.missing is None) == (missing is None) for one in found.before)
    assert CaseDetail.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_doing_it_twice_changes_nothing() -> None:
    once = reduced(
        compared(
            "fail",
            "worse",
            worse=(change("c1"),),
            pattern=sentences(PATTERNS["got"][0]),
        ),
        labels="50.0% of 2 labels right; weakest: heron",
    )

    assert ids_only(once) == once


QUOTING = [
    errors.TemplateError.at(Path("p.j2"), 3, "heron", "heron"),
    errors.CaseFileError("heron", "heron"),
    errors.ScorerError("heron", "heron"),
    errors.MessageError("heron", "heron"),
    errors.ModelError("heron", "heron", retryable=True),
    errors.ProviderOutage("heron", "heron"),
    errors.StrategyError("heron", "heron"),
    errors.JournalError("heron", "heron"),
    errors.PromptOptError("heron", "heron"),
    ValueError("heron"),
]


@pytest.mark.parametrize("error", QUOTING, ids=lambda error: type(error).__name__)
def test_an_error_that_may_quote_is_told_by_its_kind(error: Exception) -> None:
    told = bare_error(error)

    assert HERON not in told
    assert WITHHELD in told
    assert "\n  hint: " in told


def test_the_place_and_the_status_of_an_error_are_told() -> None:
    refused = errors.ModelError("heron", "heron")
    refused.status = 401

    assert bare_error(QUOTING[0]).startswith("TemplateError at p.j2:3: ")
    assert bare_error(refused) == (
        f"the endpoint answered with status 401; {WITHHELD}\n  hint: check the key"
    )
    assert bare_problem(refused) == f"the endpoint answered with status 401; {WITHHELD}"


@pytest.mark.parametrize(
    "error",
    [
        errors.SettingError("unknown strategy 'x'", "did you mean 'y'?"),
        errors.SourceError("p.j2 not found", "name another file"),
        errors.BudgetExhausted("spent", "raise it"),
        errors.NoHeadroom("94 % is right", "add cases"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_about_the_repository_is_told_in_full(error: Exception) -> None:
    assert bare_error(error) == str(error)
