"""The JSON document of a run: its public shape, which nobody breaks unawares."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from html_reports import detail, failing, full, report, searched, trial, worse
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from report_results import change, compared, result

from pytest_promptopt.records import (
    Needed,
    Recheck,
    Recipient,
    Redraw,
    Remark,
    Score,
    TestResult,
    Trial,
    Verdict,
)
from pytest_promptopt.report.document import SCHEMA, VERSION, document
from pytest_promptopt.report.document_text import document_text
from pytest_promptopt.report.run_report import RunReport
from pytest_promptopt.report.suite_verdict import suite_verdict

ROOT = Path(__file__).parents[2]
SHAPE = json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8"))
FROZEN = ROOT / "tests" / "data" / "report.v1.json"
VALIDATOR = Draft202012Validator(SHAPE)


def test_the_schema_is_one_and_names_this_version() -> None:
    Draft202012Validator.check_schema(SHAPE)

    assert SHAPE["$id"] == SCHEMA
    assert SHAPE["properties"]["version"]["const"] == VERSION


def test_a_run_with_everything_in_it_has_the_published_shape() -> None:
    VALIDATOR.validate(document(full()))


def test_the_frozen_report_of_version_1_is_still_what_is_written() -> None:
    """If this fails, the shape has changed: give it a new version, or leave it."""
    frozen = json.loads(FROZEN.read_text("ascii"))

    VALIDATOR.validate(frozen)
    assert keys(frozen) <= keys(document(everything()))


def everything() -> RunReport:
    """Build a run in which no list is empty and no entry is missing."""
    one = failing(needed=Needed(cases=240, trials=9, cases_calls=1, trials_calls=1))
    redraw = Redraw(weight=1.0, recorded=(1.0,), fresh=(0.5,))
    one = replace(one, redraws=(redraw,), judge=("judge",), notes=("a stand-in",))
    lost = replace(one.verdict, removed=("r",), changed=("c",), missing=("m",))
    one = replace(one, verdict=replace(lost, unscored=("u",), undecided=("d",)))
    found = searched()
    assert found.search is not None
    return report(
        (one, [worse("vip-1"), detail("lost", after=(trial("", None, "HTTP 503"),))]),
        (replace(found, recipients=(Recipient(model="m", role="judge"),)), []),
        diffs={found.nodeid: "-a\n+b\n"},
        drift="drift",
        problems=("problem",),
        remarks=("remark",),
        apply_command="git apply x",
    )


def keys(value: Any, path: str = "") -> set[str]:
    """Return the path of every key of a document; a list counts as one place."""
    if isinstance(value, dict):
        return {
            each
            for name, entry in value.items()
            for each in {f"{path}.{name}", *keys(entry, f"{path}.{name}")}
        }
    if isinstance(value, list):
        return {each for entry in value for each in keys(entry, f"{path}[]")}
    return set()


def places(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for entry in value.values():
            yield from places(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from places(entry)


FREE = ("inputs", "measures", "parts", "rejected", "texts")
"""Objects whose keys come from data."""


def test_a_key_that_is_removed_or_added_is_noticed() -> None:
    whole = document(everything())
    free = [
        id(place[name]) for place in places(whole) for name in FREE if name in place
    ]
    found = {
        frozenset(place): place for place in places(whole) if id(place) not in free
    }  # one for each kind of entry

    assert len(found) > 25
    for place in found.values():
        for name in list(place):
            kept = place.pop(name)
            assert not VALIDATOR.is_valid(whole), name
            place[name] = kept
        place["news"] = 1
        assert not VALIDATOR.is_valid(whole)
        del place["news"]
    VALIDATOR.validate(whole)


def test_figures_that_json_does_not_have_are_left_out() -> None:
    odd = Trial(score=Score(value=1.0), measures={"cost": float("inf"), "tokens": 3.0})
    one = result(compared("pass", "same"))

    told = document(report((one, [detail("c", after=(odd,))])))

    assert told["tests"][0]["cases"][0]["after"][0]["measures"] == {"tokens": 3.0}
    VALIDATOR.validate(told)


def test_a_mean_that_was_rounded_above_one_is_one() -> None:
    above = 1.0000000000000002
    one = result(compared("pass", "same", accuracy=above, p_value=above))

    told = document(report((one, [detail("c", was=above, now=above)])))

    VALIDATOR.validate(told)
    assert told["tests"][0]["verdict"]["accuracy"]["mean"] == 1


SHARES = st.floats(0, 1)
TEXT = st.text(max_size=12)
VERDICTS = st.builds(
    Verdict,
    outcome=st.sampled_from(["pass", "fail", "inconclusive", "error"]),
    cause=TEXT,
    message=TEXT,
    accuracy=st.none() | SHARES,
    interval=st.none() | st.tuples(SHARES, SHARES),
    baseline_accuracy=st.none() | SHARES,
    p_value=st.none() | SHARES,
    limit=st.none() | SHARES,
    detectable=st.none() | SHARES,
    retryable=st.booleans(),
    pattern=st.lists(TEXT, max_size=2).map(tuple),
    worse=st.lists(TEXT.map(change), max_size=2).map(tuple),
    missing=st.lists(TEXT, max_size=2).map(tuple),
    baseline_date=st.none() | st.just("2026-11-01"),
)
RESULTS = st.builds(
    TestResult,
    nodeid=TEXT,
    prompt=TEXT,
    model=TEXT,
    verdict=VERDICTS,
    calls=st.integers(0, 10**6),
    cost=st.none() | st.floats(0, 1e6),
    remarks=st.lists(st.builds(Remark, kind=TEXT, text=TEXT), max_size=2).map(tuple),
    rechecks=st.just((Recheck(nodeid="a", selector="a", outcome="pass"),)),
    search=st.sampled_from([None, searched().search]),
    shows=st.sampled_from(["full", "ids"]),
)
DETAILS = st.builds(
    detail,
    TEXT,
    inputs=st.dictionaries(TEXT, TEXT, max_size=2),
    expected=TEXT,
    was=st.none() | SHARES,
    now=st.none() | SHARES,
    before=st.lists(st.builds(trial, TEXT), max_size=2).map(tuple),
)
PAIRS = st.lists(st.tuples(RESULTS, st.lists(DETAILS, max_size=2)), max_size=3)


@given(PAIRS, TEXT)
def test_any_run_has_the_published_shape_and_is_the_same_as_text(
    pairs: list[tuple[TestResult, list[Any]]], said: str
) -> None:
    unique = {one.nodeid: (one, cases) for one, cases in pairs}
    run = report(*unique.values(), drift=said, problems=(said,))

    told = document(run)
    text = "".join(document_text(run))

    VALIDATOR.validate(told)
    assert text.isascii()
    assert json.loads(text, parse_constant=pytest.fail) == told


def test_the_text_has_each_test_and_each_case_on_a_line_and_is_written_lazily() -> None:
    asked: list[str] = []

    def cases(one: TestResult) -> Iterator[Any]:
        for index in range(3):
            asked.append(f"{one.nodeid} {index}")
            yield detail(f"c{index}")

    run = replace(full(), details=cases)
    pieces = document_text(run)
    for _ in range(3):
        next(pieces)

    assert len(asked) == 1
    lines = "".join(pieces).splitlines()
    cases_told = [line for line in lines if '"weight"' in line]
    assert len(cases_told) == 4 * 3 - 1  # the first one is taken already
    for line in cases_told:
        assert json.loads(line.strip(",").removesuffix("]}"))["weight"] == 1.0


def of(outcome: Any, cause: str, *, retryable: bool = False) -> TestResult:
    verdict = Verdict(outcome=outcome, cause=cause, retryable=retryable)
    return result(verdict, nodeid=f"t.py::{outcome} {cause}")


OUTAGE = of("error", "provider", retryable=True)
UNCLEAR = of("inconclusive", "unclear")
SAME = of("pass", "same")


@pytest.mark.parametrize(
    ("results", "outcome", "cause", "retryable"),
    [
        ([], "none", "", False),
        ([of("pass", "one case")], "none", "", False),
        ([SAME, of("pass", "unchanged")], "pass", "several", False),
        ([SAME, UNCLEAR], "inconclusive", "unclear", False),
        ([OUTAGE, UNCLEAR, SAME], "error", "provider", True),
        ([OUTAGE, of("error", "setup")], "error", "several", False),
        ([OUTAGE, of("fail", "worse"), SAME], "fail", "worse", False),
    ],
)
def test_the_worst_verdict_is_that_of_the_suite(
    results: list[TestResult], outcome: str, cause: str, *, retryable: bool
) -> None:
    found = suite_verdict(results)

    assert (found.outcome, found.cause, found.retryable) == (outcome, cause, retryable)
    told = document(report(*((one, []) for one in results)))["verdict"]
    assert (told["outcome"], told["cause"]) == (outcome, cause)


@pytest.mark.parametrize(
    ("results", "outcome", "cause"),
    [
        ([SAME], "error", "problems"),
        ([], "error", "problems"),
        ([UNCLEAR], "error", "problems"),
        ([OUTAGE], "error", "provider"),
        ([of("fail", "worse")], "fail", "worse"),
    ],
)
def test_a_run_with_problems_is_no_better_than_an_error(
    results: list[TestResult], outcome: str, cause: str
) -> None:
    run = report(*((one, []) for one in results), problems=("interrupted",))

    told = document(run)["verdict"]

    assert (told["outcome"], told["cause"]) == (outcome, cause)
    assert told["counts"]["pass"] == results.count(SAME)


def test_a_broken_document_is_refused() -> None:
    told = copy.deepcopy(document(everything()))
    told["tests"][0]["verdict"]["outcome"] = "maybe"

    with pytest.raises(ValidationError):
        VALIDATOR.validate(told)
