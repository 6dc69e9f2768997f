"""Which text went where, in a line for each model."""

from __future__ import annotations

from report_results import compared, result

from pytest_promptopt.records import Recipient
from pytest_promptopt.report.recipients import host_lines


def test_each_model_is_told_once_with_its_host_and_all_that_it_was_asked_for() -> None:
    asked = [
        (Recipient(model="openai:a", role="task", host="api.openai.com"),),
        (
            Recipient(model="offline:rules", role="task"),
            Recipient(model="openai:a", role="judge", host="api.openai.com"),
            Recipient(model="openai:a", role="optimizer", host="api.openai.com"),
        ),
        (),
    ]
    results = [result(compared("pass", "same"), recipients=each) for each in asked]

    assert host_lines(results) == [
        "openai:a (api.openai.com): task, judge and optimizer model",
        "offline:rules (in this process): task model",
    ]


def test_of_a_run_that_asked_nobody_nothing_is_told() -> None:
    assert host_lines([result(compared("pass", "unchanged"))]) == []
