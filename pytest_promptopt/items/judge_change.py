"""Whether the judge of a prompt test is the one that its baseline was recorded with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.items.reference import Reference
    from pytest_promptopt.records import Remark, Verdict

Change = Literal["", "changed", "new", "gone"]

_SWITCHES: Mapping[Change, str] = {
    "changed": "the judge changed: both arms were scored with the new one",
    "new": "a judge scores it now: both arms were scored with it",
    "gone": "no judge scores it any more: both arms were scored without one",
}
_REMARKS: Mapping[Change, str] = {
    "changed": "the judge (its rubric, verdicts or model) is not the one that the "
    "baseline was recorded with: both prompts are scored by the new one",
    "new": "the baseline was recorded without a judge: both prompts are scored by the "
    "new one",
    "gone": "the baseline was recorded with a judge: both prompts are scored without "
    "one",
}
_UPDATE = "until it is recorded anew with --promptopt-update-baseline"


def change_of(test: PromptTest, record: Baseline) -> Change:
    """Return what became of the judge since a record was made; empty if nothing."""
    before = record.parts.get("judge")
    now = None if test.judge is None else test.judge.fingerprint
    if before == now:
        return ""
    if before is None:
        return "new"
    return "gone" if now is None else "changed"


def with_judge_change(
    verdict: Verdict, test: PromptTest, reference: Reference
) -> Verdict:
    """Say that the judge is another one than in the record, where that is so."""
    record = reference.record
    change = "" if record is None else change_of(test, record)
    if not change or verdict.outcome == "error":
        return verdict
    return replace(verdict, message=f"{verdict.message}\n{_SWITCHES[change]}")


def judge_changed(test: PromptTest, record: Baseline | None) -> list[Remark]:
    """Say that the judge is another one than in the record that counts."""
    change = "" if record is None else change_of(test, record)
    if not change:
        return []
    from pytest_promptopt.records import Remark

    return [Remark(kind="judge changed", text=f"{_REMARKS[change]}, {_UPDATE}")]
