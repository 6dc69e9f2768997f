"""What a prompt test is held against: its committed baseline, or a base commit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_promptopt.items.judge_change import judge_changed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.base_test import BaseTest, InForce
    from pytest_promptopt.items.prompt_test import PromptTest
    from pytest_promptopt.prompts import Prompt
    from pytest_promptopt.records import Remark


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a prompt test is held against, and by which limits.

    Attributes:
        record: The record whose cases and trials count; ``None`` without a baseline.
        prompt: What the baseline arm renders; ``None`` without a baseline.
        model: Name of the baseline arm's model; empty without a baseline.
        request: Model settings of the baseline arm.
        name: What messages call it, e.g. ``"commit 1a2b3c4 (main)"``; empty: the
            baseline and its date.
        stale: Whether the recorded scores are of other requests than the arm's.
        min_score: Floor of the accuracy in force.
        limits: Limits on parts in force.
        gate: ``"enforce"`` or ``"report"``, as far as the marker says.
        accepting: The pull request's own record, if it accepts what is measured.
        remarks: What a reviewer must not miss.
    """

    record: Baseline | None
    prompt: Prompt | None = None
    model: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    stale: bool = False
    min_score: float | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    gate: str | None = None
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
    mark = test.mark
    if base is None:
        reference = _to_record(test)
        return replace(
            reference,
            min_score=mark.min_score,
            limits=mark.limits,
            gate=mark.gate,
            remarks=(
                *judge_changed(test, test.baseline),
                *_unsteady(test, test.baseline),
            ),
        )
    from pytest_promptopt.items import remarks

    found = base.in_force(min_score=mark.min_score, limits=mark.limits, gate=mark.gate)
    if base.record is None:
        said = [
            remarks.new_test(test.baseline, base),
            *remarks.limits_changed(test, found, base),
            *_unsteady(test, test.baseline),
        ]
        return _by(found, replace(_to_record(test), remarks=tuple(said)))
    return _by(found, _to_base(test, base, base.record, found, model_identity))


def _by(found: InForce, reference: Reference) -> Reference:
    return replace(
        reference, min_score=found.min_score, limits=found.limits, gate=found.gate
    )


def _to_record(test: PromptTest) -> Reference:
    record = test.baseline
    if record is None:
        return Reference(record=None)
    return Reference(
        record=record,
        prompt=_recorded(record, test),
        model=record.model,
        request=record.request,
    )


def _recorded(record: Baseline, test: PromptTest) -> Prompt:
    from pytest_promptopt.prompts import Prompt

    # What is code in the project's Jinja environment is no part of a record.
    return Prompt.from_snapshot(record.prompt, test.prompt.environment)


def _to_base(
    test: PromptTest,
    base: BaseTest,
    record: Baseline,
    found: InForce,
    model_identity: str,
) -> Reference:
    recorded = _recorded(record, test)
    prompt = base.prompt or recorded
    model = base.model or record.model
    request = record.request if base.request is None else base.request
    differs = {
        "the prompt": prompt.fingerprint != recorded.fingerprint,
        f"the model {model!r}": model != record.model,
        "the request": dict(request) != dict(record.request),
    }
    parts = test.parts(model_identity)
    old_cases = base.has_same_cases and record.parts.get("cases") != parts["cases"]
    what = [name for name, other in differs.items() if other]
    accepting = _accepting(test, base, parts)
    from pytest_promptopt.items import remarks

    said = [
        *remarks.stale(base, (*what, *(["the suite of cases"] if old_cases else []))),
        *remarks.baseline_changed(test.baseline, base, accepting=accepting is not None),
        *remarks.test_changed(test, base, parts),
        *remarks.endpoint_changed(base, parts, model),
        *judge_changed(test, base.record),
        *remarks.limits_changed(test, found, base),
        *_unsteady(test, record),
    ]
    return Reference(
        record=_with_cases_of(test, record) if old_cases else record,
        prompt=prompt,
        model=model,
        request=request,
        name=f"commit {base.name}",
        stale=bool(what),
        accepting=accepting,
        remarks=tuple(said),
    )


def _unsteady(test: PromptTest, record: Baseline | None) -> list[Remark]:
    if record is None:
        return []
    from pytest_promptopt.items import remarks

    return remarks.unsteady(test, record)


def _with_cases_of(test: PromptTest, record: Baseline) -> Baseline:
    """Leave out recorded cases that the base commit itself has no more.

    They are lost to main, which the pull request cannot help.
    """
    hashes = {case.id: case.hash for case in test.cases}
    kept = tuple(case for case in record.cases if hashes.get(case.id) == case.hash)
    return replace(record, cases=kept)


def _accepting(
    test: PromptTest, base: BaseTest, parts: Mapping[str, str]
) -> Baseline | None:
    """Return the pull request's own record if it accepts what is measured."""
    own = test.baseline
    if own is None or own == base.record or not (own.reason or "").strip():
        return None
    same = all(
        own.parts.get(part) == parts.get(part)
        for part in ("prompt", "cases", "request", "model", "judge")
    )
    return own if same else None
