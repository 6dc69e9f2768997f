"""What a verdict says beside the gate's figures: outages, switches, acceptance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_promptopt import gate
from pytest_promptopt.errors import BudgetExhausted, ProviderOutage
from pytest_promptopt.items.request_settings import changed_settings
from pytest_promptopt.records import Verdict
from pytest_promptopt.report.bare_error import bare_error
from pytest_promptopt.wording import count, percent

if TYPE_CHECKING:
    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.errors import ModelError, SettingError
    from pytest_promptopt.items.pending import Batch
    from pytest_promptopt.items.prompt_test import Arm, PromptTest
    from pytest_promptopt.items.reference import Reference
    from pytest_promptopt.models.chat import NamedModel
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.records import Trials

_FIXED = ("<=", ">=")
_LOSSES = ("provider", "budget")


def with_outage(verdict: Verdict, batch: Batch, under_test: Arm) -> Verdict:
    """Say why replies are missing, where a verdict is about that.

    Args:
        verdict: The gate's decision.
        batch: All trials that were sent.
        under_test: The arm under test.
    """
    lost = [entry for entry in batch if entry.lost is not None]
    if not lost:
        return verdict
    own = [entry for entry in lost if entry.arm is under_test]
    first = _telling(own or lost)
    bare = bare_error(first) if first is not None else ""
    many = f"{len(lost)} of {count(len(batch), 'request')} got no reply"
    arms = len({id(entry.arm) for entry in batch})
    if verdict.outcome == "error":
        if arms > 1 and not own:
            told = "the baseline's prompt got no reply, so nothing can be compared: "
            return replace(
                verdict,
                outcome="inconclusive",
                cause=_cause(first),
                message=f"{told}{first}",
                bare=f"{told}{bare}",
            )
        return replace(
            verdict,
            cause=_cause(first) if verdict.cause in _LOSSES else verdict.cause,
            message=f"{many}\n{first}",
            bare=f"{many}\n{bare}",
            retryable=first is not None and first.retryable,
        )
    only_missing = not (verdict.removed or verdict.changed or verdict.unscored)
    if verdict.cause == "cases lost" and only_missing:
        told = f"{many}, too many to call it a pass: run it again\n"
        return replace(
            verdict,
            cause=_cause(first),
            message=f"{told}{first}",
            bare=f"{told}{bare}",
        )
    return verdict


def _cause(lost: ModelError | None) -> str:
    return "budget" if isinstance(lost, BudgetExhausted) else "provider"


def with_shortage(verdict: Verdict, batch: Batch) -> Verdict:
    """Keep a test from passing on what was left of it when the budget was spent.

    Another verdict stands, with a word on what it lacks.

    Args:
        verdict: The gate's decision.
        batch: All trials that were sent.
    """
    short = [entry.lost for entry in batch if isinstance(entry.lost, BudgetExhausted)]
    if not short or verdict.outcome == "error" or str(short[0]) in verdict.message:
        return verdict
    unsent = f"{len(short)} of {count(len(batch), 'request')} were not sent"
    if verdict.outcome != "pass":
        message = f"{verdict.message}\n{unsent}\n{short[0]}"
        return replace(verdict, message=message)
    message = f"{unsent}, so that this is no pass\n{short[0]}"
    return replace(verdict, outcome="inconclusive", cause="budget", message=message)


def _telling(lost: Batch) -> ModelError | None:
    """Return the error that says most: an outage, else the first one."""
    errors = [entry.lost for entry in lost]
    outages = [error for error in errors if isinstance(error, ProviderOutage)]
    return [*outages, *errors][0]


def not_comparable(reference: Reference, error: SettingError) -> Verdict:
    """Say that the baseline's own model cannot be called, so never pass."""
    record = reference.record
    return Verdict(
        outcome="inconclusive",
        cause="provider",
        message=f"the baseline was recorded with {reference.model!r}, which cannot be "
        f"called ({error.problem}): record a new one with --promptopt-update-baseline",
        baseline_date=None if record is None else record.date,
    )


def of_other_prompts(test: PromptTest, reference: Reference) -> Verdict | None:
    """Say that one body cannot run both arms, since their prompts have other names.

    Returns:
        ``None`` if it can.
    """
    before = reference.prompt
    if before is None or set(before.names) == set(test.prompt.names):
        return None
    since = reference.name or "the baseline"
    reason = " --promptopt-reason='...'" if reference.name else ""
    record = reference.record
    return Verdict(
        outcome="inconclusive",
        cause="other prompts",
        message=f"the prompts of this test are other ones since {since}: "
        f"{_names(before)} -> {_names(test.prompt)}. Its body cannot run with both, so "
        "nothing was compared: if that is meant, record a new baseline with "
        f"--promptopt-update-baseline{reason}",
        baseline_date=None if record is None else record.date,
        reference=reference.name,
    )


def _edited(test: PromptTest, reference: Reference) -> str:
    """Say which of several prompts differ between the arms; empty if there is one."""
    if reference.prompt is None:
        return ""
    before = reference.prompt.named
    differ = [
        f"{name} ({own.label})"
        for name, own in test.prompt.named.items()
        if name in before and before[name].fingerprint != own.fingerprint
    ]
    return f"edited: {', '.join(differ)}" if differ else ""


def _names(prompt: Prompt) -> str:
    return ", ".join(map(repr, prompt.names)) or "one without a name"


def with_switches(
    verdict: Verdict, test: PromptTest, model: NamedModel, reference: Reference
) -> Verdict:
    """Say what differs between the arms if it is not the prompt alone."""
    switched = [edited] if (edited := _edited(test, reference)) else []
    if model.name != reference.model:
        switched.append(f"the model changed: {reference.model!r} -> {model.name!r}")
    names = test.prompt.names
    if changed := changed_settings(reference.request, test.settings, names):
        switched.append(f"the request changed: {', '.join(changed)}")
    if not switched or verdict.outcome == "error":
        return verdict
    same = reference.prompt is not None and (
        reference.prompt.fingerprint == test.prompt.fingerprint
    )
    note = "; ".join(switched) + ("; the prompt is the same" if same else "")
    return replace(verdict, message=f"{verdict.message}\n{note}")


def of_stale_record(
    test: PromptTest, record: Baseline, trials: Trials | None, reference: Reference
) -> Verdict:
    """Judge a test that nobody edited, whose record is of something else.

    What was recorded says nothing about it, so that only a floor can fail it.

    Args:
        test: The test.
        record: The record that does not fit.
        trials: Fresh trials; ``None`` if none were made.
        reference: What the test is held against.
    """
    message = (
        f"not edited here; the record of {record.date} is not of what "
        f"{reference.name} has"
    )
    if trials is None:
        return Verdict(
            outcome="pass",
            cause="unchanged",
            message=message,
            baseline_date=record.date,
            reference=reference.name,
        )
    seen = gate.judge_alone(
        test.cases, trials, min_score=reference.min_score, strict=False
    )
    if seen.outcome == "error" or seen.cause == "floor":
        return seen
    return replace(seen, outcome="pass", cause="same", message=message)


def with_acceptance(
    verdict: Verdict, test: PromptTest, reference: Reference
) -> Verdict:
    """Let an intended change pass, unless the next run would fail on it.

    A floor or a fixed limit that the pull request itself keeps is not moved by a new
    record: what breaks it would fail every run after the merge.
    """
    accepting = reference.accepting
    if accepting is None or verdict.outcome in ("pass", "error"):
        return verdict
    broken = _floors_broken(verdict, test)
    if broken:
        message = (
            f"a reason accepts a worse score, but not {' or '.join(broken)}, which the "
            f"next run would fail on: {verdict.message}"
        )
        return replace(verdict, outcome="fail", cause="floor", message=message)
    return gate.accepted(
        verdict, reason=(accepting.reason or "").strip(), recorded=accepting
    )


def _floors_broken(verdict: Verdict, test: PromptTest) -> list[str]:
    floor = test.mark.min_score
    broken = []
    if floor is not None and verdict.interval and verdict.interval[1] < floor:
        broken.append(f"an accuracy below min_score {percent(floor)}")
    broken += [
        f"{check.part!r} beyond {check.limit}"
        for check in verdict.limits
        if check.state == "exceeded"
        and check.limit.strip().startswith(_FIXED)
        and test.mark.limits.get(check.part) == check.limit
    ]
    return broken
