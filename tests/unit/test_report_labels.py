"""The line on the labels of a classification: where from, and where it is shown."""

from __future__ import annotations

import pytest
from report_results import change, compared, result

from pytest_promptopt.items.labelling import has_labels, labels_told
from pytest_promptopt.records import Case, Score, TestResult, Trial
from pytest_promptopt.report import terminal

LABELS = "50.0% of 4 labels right; weakest: other"
SHOWN = f"  labels: {LABELS}"


def trial(output: str, expected: str) -> Trial:
    return Trial(
        score=Score(value=float(output == expected), reason="?"), output=output
    )


def told(scorer: object, replies: dict[str, tuple[str, list[str]]]) -> str:
    cases = [
        Case(id=name, inputs={}, expected=expected)
        for name, (expected, _) in replies.items()
    ]
    trials = {
        name: tuple(trial(output, expected) for output in outputs)
        for name, (expected, outputs) in replies.items()
    }
    return labels_told(cases, trials) if has_labels(scorer) else ""


REPLIES = {
    "a": ("billing", ["billing", "billing"]),
    "b": ("shipping", ["billing", "shipping", "billing", "billing"]),
}


def test_every_case_counts_alike_also_one_that_was_asked_again() -> None:
    assert told("choice", REPLIES) == (
        "75.0% of 4 labels right; weakest: shipping (precision 100.0%, recall 50.0%); "
        "most confused: shipping as billing, 1x"
    )


@pytest.mark.parametrize("scorer", [None, "exact", len])
def test_only_of_the_choice_scorer_it_is_known_what_a_label_is(scorer: object) -> None:
    assert told(scorer, REPLIES) == ""


def test_without_trials_nothing_is_told() -> None:
    assert told("choice", {}) == ""
    assert told("choice", {"a": ("billing", [])}) == ""


def failing(labels: str) -> TestResult:
    worse = (change("c1"),)
    return result(compared("fail", "worse", "it is worse", worse=worse), labels=labels)


def test_a_failure_shows_the_labels_above_the_cases() -> None:
    lines = terminal.failure(failing(f"{LABELS}\n")).split("\n")

    at = lines.index(SHOWN)
    assert lines[at + 1].startswith("  worse: c1 ")
    assert SHOWN not in terminal.failure(failing("")).split("\n")


@pytest.mark.parametrize(("verbosity", "times"), [(0, 0), (1, 1)])
def test_a_pass_shows_the_labels_only_if_asked(verbosity: int, times: int) -> None:
    passed = result(compared("pass", "same", "no drop"), labels=LABELS)

    lines = terminal.summary([passed], terminal.RunEnd(), verbosity=verbosity)

    assert [line.text for line in lines].count(SHOWN) == times
