"""Verdicts that pass although the figures do not: report only, accepted."""

from __future__ import annotations

from dataclasses import replace

from gate_suites import arm, judged, record, suite

from pytest_promptopt.gate import accepted, report_only


def test_report_only_lets_a_fail_pass_with_all_its_figures() -> None:
    cases = suite(20)
    verdict = judged(cases, record(cases), arm(cases), arm(cases, range(5)))

    shown = report_only(verdict)

    assert shown == replace(
        verdict,
        outcome="pass",
        cause="report only",
        message=f"would have been fail (worse): {verdict.message}",
    )


def test_an_accepted_fail_passes_with_every_number_and_the_reason() -> None:
    cases = suite(20)
    verdict = judged(cases, record(cases), arm(cases), arm(cases, range(5)))

    shown = accepted(
        verdict, reason="half the price\n", recorded=record(cases, range(4))
    )

    assert shown == replace(
        verdict, outcome="pass", cause="accepted", message=shown.message
    )
    assert shown.message == (
        "75.0% measured, where the baseline of 2026-01-31 has 100.0%, 80.0%"
        " recorded on 2026-01-31; the reason given: 'half the price'; would have been"
        " fail (worse): the edited prompt is worse by 25.0 points: 75.0% against the"
        " baseline's 100.0% (20 cases, 3 trials each), p < 0.0001, limit 0.025"
    )


def test_an_accepted_doubt_passes_also_where_nothing_could_be_compared() -> None:
    before, cases = suite(3), suite(6)[3:]
    verdict = judged(cases, record(before), arm(cases), arm(cases))

    shown = accepted(verdict, reason="new cases", recorded=record(cases))

    assert (shown.outcome, shown.cause) == ("pass", "accepted")
    assert shown.message.startswith(
        "nothing to compare, 100.0% recorded on 2026-01-31; the reason given:"
        " 'new cases'; would have been inconclusive (cases lost): no case is the same"
    )


def test_a_pass_and_an_error_stay_what_they_are() -> None:
    cases = suite(4)
    passed = judged(cases, record(cases), arm(cases), arm(cases))
    failed = judged(cases, record(cases), arm(cases), {})

    for verdict in (passed, failed):
        assert report_only(verdict) == verdict
        assert accepted(verdict, reason="so", recorded=record(cases)) == verdict
    assert failed.message == "4 of 4 cases could not be scored: no trial was run"
