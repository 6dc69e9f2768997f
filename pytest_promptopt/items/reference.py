"""What a prompt test is held against: its committed baseline, or a base commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_promptopt.prompts import Prompt
from pytest_promptopt.records import Remark
from pytest_promptopt.wording import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.base_test import BaseTest
    from pytest_promptopt.items.prompt_test import PromptTest

NEEDED_TRIALS = 3
"""Recorded trials that a ``must_pass`` case must have been right in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a prompt test is held against, and by which limits.

    Attributes:
        record: The record whose cases and trials count; ``None`` without a baseline.
        prompt: What the baseline arm renders; ``None`` without a baseline.
        model: Name of the baseline arm's model; empty without a baseline.
        name: What messages call it, e.g. ``"commit 1a2b3c4 (main)"``; empty: the
            baseline and its date.
        stale: Whether the record is of another prompt or model than the arm's.
        min_score: Floor of the accuracy in force.
        limits: Limits on parts in force.
        gate: ``"enforce"`` or ``"report"``, as far as the marker says.
        reason: Why a worse verdict is accepted in this pull request; empty if it is
            not.
        accepting: The record that accepts it.
        remarks: What a reviewer must not miss.
    """

    record: Baseline | None
    prompt: Prompt | None = None
    model: str = ""
    name: str = ""
    stale: bool = False
    min_score: float | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    gate: str | None = None
    reason: str = ""
    accepting: Baseline | None = None
    remarks: tuple[Remark, ...] = ()


def reference_of(
    test: PromptTest, base: BaseTest | None, *, model_identity: str
) -> Reference:
    """Decide what a prompt test is held against.

    On a pull request that is the prompt, the record and the limits of the base commit:
    what the pull request does to its own record or limits counts once it is merged.

    Args:
        test: The test as it is in the work tree.
        base: What the base commit says about it; ``None``: there is no base commit.
        model_identity: Identity of the task model, for the fingerprint.
    """
    mark, own = test.mark, test.baseline
    limits = dict(mark.limits)
    if base is None:
        return Reference(
            record=own,
            prompt=None if own is None else Prompt.from_snapshot(own.prompt),
            model="" if own is None else own.model,
            min_score=mark.min_score,
            limits=limits,
            gate=mark.gate,
            remarks=_unsteady(test, own),
        )
    found = base.marked(min_score=mark.min_score, limits=limits, gate=mark.gate)
    remarks = [
        *_limits_changed(test, found.min_score, found.limits, found.gate, base.name)
    ]
    if base.record is None:
        return Reference(
            record=own,
            prompt=None if own is None else Prompt.from_snapshot(own.prompt),
            model="" if own is None else own.model,
            min_score=found.min_score,
            limits=found.limits,
            gate=found.gate,
            remarks=(_new(own, base.name), *remarks, *_unsteady(test, own)),
        )
    prompt = base.prompt or Prompt.from_snapshot(base.record.prompt)
    of_record = Prompt.from_snapshot(base.record.prompt)
    stale = prompt.fingerprint != of_record.fingerprint
    model = base.model or base.record.model
    accepting = _accepting(test, base, model_identity)
    return Reference(
        record=base.record,
        prompt=prompt,
        model=model,
        name=f"commit {base.name}",
        stale=stale or model != base.record.model,
        min_score=found.min_score,
        limits=found.limits,
        gate=found.gate,
        reason="" if accepting is None else (accepting.reason or "").strip(),
        accepting=accepting,
        remarks=(
            *_stale(base, stale=stale, model=model),
            *_baseline_changed(own, base, accepting),
            *_test_changed(test, base),
            *remarks,
            *_unsteady(test, base.record),
        ),
    )


def _accepting(
    test: PromptTest, base: BaseTest, model_identity: str
) -> Baseline | None:
    """Return the pull request's own record if it accepts what is measured."""
    own = test.baseline
    if own is None or own == base.record or not (own.reason or "").strip():
        return None
    parts = test.parts(model_identity)
    same = all(
        own.parts.get(part) == parts[part]
        for part in ("prompt", "cases", "request", "model")
    )
    return own if same else None


def _new(own: Baseline | None, name: str) -> Remark:
    counts = "its own record counts" if own is not None else "it has no record"
    return Remark(
        kind="new prompt test", text=f"commit {name} has no baseline for it: {counts}"
    )


def _stale(base: BaseTest, *, stale: bool, model: str) -> list[Remark]:
    record = base.record
    if record is None or not (stale or model != record.model):
        return []
    what = (
        "the prompt at commit"
        if stale
        else f"the model {model!r} that is set at commit"
    )
    text = (
        f"{what} {base.name} is not the one that its baseline of {record.date} was "
        "recorded with: record it anew on that branch with --promptopt-update-baseline"
    )
    return [Remark(kind="stale on main", text=text)]


def _baseline_changed(
    own: Baseline | None, base: BaseTest, accepting: Baseline | None
) -> list[Remark]:
    if own == base.record or accepting is not None:
        return []
    done = "deleted" if own is None else "changed"
    text = f"the baseline record was {done}: the one at commit {base.name} counts here"
    if own is not None and not (own.reason or "").strip():
        text += (
            "; to accept a worse score, record it with --promptopt-update-baseline "
            "--promptopt-reason='...'"
        )
    return [Remark(kind="baseline changed", text=text)]


def _test_changed(test: PromptTest, base: BaseTest) -> list[Remark]:
    if base.test_digest is None or base.test_digest == test.test_digest:
        return []
    text = (
        f"the test module differs from commit {base.name}: both prompts are scored "
        "by the new one"
    )
    return [Remark(kind="test changed", text=text)]


def _limits_changed(
    test: PromptTest,
    min_score: float | None,
    limits: Mapping[str, str],
    gate: str | None,
    name: str,
) -> list[Remark]:
    mark = test.mark
    changes = []
    if min_score != mark.min_score:
        changes.append(f"min_score {_share(min_score)} -> {_share(mark.min_score)}")
    if dict(limits) != dict(mark.limits):
        shown = [
            f"{part} {limits.get(part, 'none')} -> {mark.limits.get(part, 'none')}"
            for part in sorted({*limits, *mark.limits})
            if limits.get(part) != mark.limits.get(part)
        ]
        changes.append("limits: " + ", ".join(shown))
    if gate != mark.gate:
        changes.append(f"gate {gate or 'none'} -> {mark.gate or 'none'}")
    if not changes:
        return []
    text = f"{'; '.join(changes)}: those of commit {name} count here"
    return [Remark(kind="limits changed", text=text)]


def _share(value: float | None) -> str:
    return "none" if value is None else percent(value)


def _unsteady(test: PromptTest, record: Baseline | None) -> tuple[Remark, ...]:
    """Say which ``must_pass`` cases cannot fail a build, for want of a steady past."""
    if record is None:
        return ()
    known = {case.id: case for case in record.cases}
    names = sorted(
        case.id
        for case in test.cases
        if case.must_pass
        and case.id in known
        and not (
            known[case.id].always_right and len(known[case.id].values) >= NEEDED_TRIALS
        )
    )
    if not names:
        return ()
    shown = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
    text = (
        f"{shown} cannot fail a build: not right in each of {NEEDED_TRIALS} recorded "
        "trials"
    )
    return (Remark(kind="must_pass", text=text),)
