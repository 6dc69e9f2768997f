"""What a reviewer of a pull request must not miss about a prompt test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.gate import RECORDED_TRIALS, unsteady_must_pass
from pytest_promptopt.records import Remark
from pytest_promptopt.wording import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.items.base_test import BaseTest, InForce
    from pytest_promptopt.items.prompt_test import PromptTest

_UPDATE = "--promptopt-update-baseline"


def new_test(own: Baseline | None, base: BaseTest) -> Remark:
    """Say that the base commit has no record to compare with."""
    counts = "its own record counts" if own is not None else "it has no record"
    if base.unreadable:
        text = f"the baseline record at commit {base.name} cannot be read: {counts}"
        return Remark(kind="stale on main", text=text)
    text = f"commit {base.name} has no baseline for it: {counts}"
    return Remark(kind="new prompt test", text=text)


def stale(base: BaseTest, what: tuple[str, ...]) -> list[Remark]:
    """Say that the base commit's record is of something else than the base has.

    Args:
        base: The base commit's test.
        what: What differs, such as ``"the prompt"``.
    """
    if base.record is None or not what:
        return []
    verb = "is" if len(what) == 1 else "are"
    text = (
        f"{' and '.join(what)} at commit {base.name} {verb} not what its baseline of "
        f"{base.record.date} was recorded with: record it anew on that branch with "
        f"{_UPDATE}"
    )
    return [Remark(kind="stale on main", text=text)]


def baseline_changed(
    own: Baseline | None, base: BaseTest, *, accepting: bool
) -> list[Remark]:
    """Say that the pull request's own record does not count."""
    if own == base.record or accepting:
        return []
    done = "deleted" if own is None else "changed"
    text = f"the baseline record was {done}: the one at commit {base.name} counts here"
    if own is not None and not (own.reason or "").strip():
        text += (
            f"; to accept a worse score, record it with {_UPDATE} "
            "--promptopt-reason='...'"
        )
    return [Remark(kind="baseline changed", text=text)]


def test_changed(
    test: PromptTest, base: BaseTest, parts: Mapping[str, str]
) -> list[Remark]:
    """Say that what scores both prompts is not what the base has.

    Args:
        test: The test in the work tree.
        base: The base commit's.
        parts: Digests of what the scores depend on in the work tree.
    """
    changed = []
    if base.test_digest not in (None, test.test_digest):
        changed.append(f"the test module differs from commit {base.name}")
    recorded = {} if base.record is None else base.record.parts
    if recorded.get("watch", parts["watch"]) != parts["watch"]:
        changed.append("the scorer's file or a watched one differs from the baseline's")
    if not changed:
        return []
    text = f"{' and '.join(changed)}: both prompts are scored by the new one"
    return [Remark(kind="test changed", text=text)]


def endpoint_changed(
    base: BaseTest, parts: Mapping[str, str], name: str
) -> list[Remark]:
    """Say that the same name stands for another endpoint than in the record."""
    record = base.record
    if record is None or record.model != name:
        return []
    if record.parts.get("model", parts["model"]) == parts["model"]:
        return []
    text = f"{name!r} is not the endpoint that the baseline was recorded with"
    return [Remark(kind="endpoint changed", text=text)]


def limits_changed(test: PromptTest, found: InForce, base: BaseTest) -> list[Remark]:
    """Say that the pull request's own limits do not count, or cannot be checked."""
    mark = test.mark
    changes = []
    if found.min_score != mark.min_score:
        changes.append(
            f"min_score {_share(found.min_score)} -> {_share(mark.min_score)}"
        )
    if dict(found.limits) != dict(mark.limits):
        shown = [
            f"{part} {found.limits.get(part, 'none')} -> "
            f"{mark.limits.get(part, 'none')}"
            for part in sorted({*found.limits, *mark.limits})
            if found.limits.get(part) != mark.limits.get(part)
        ]
        changes.append("limits: " + ", ".join(shown))
    if found.gate != mark.gate:
        changes.append(f"gate {found.gate or 'none'} -> {mark.gate or 'none'}")
    remarks = []
    if changes:
        text = f"{'; '.join(changes)}: those of commit {base.name} count here"
        remarks.append(Remark(kind="limits changed", text=text))
    if unknown := _unknown(test, base):
        text = (
            f"{', '.join(unknown)} cannot be read at commit {base.name}, where it is "
            "not written out: the pull request's own counts"
        )
        remarks.append(Remark(kind="limits unknown", text=text))
    return remarks


def _unknown(test: PromptTest, base: BaseTest) -> list[str]:
    if base.mark is None:
        return []
    given = {
        "min_score": test.mark.min_score is not None,
        "limits": bool(test.mark.limits),
        "gate": test.mark.gate is not None,
    }
    return [name for name in given if given[name] and name not in base.mark.known]


def unsteady(test: PromptTest, record: Baseline | None) -> list[Remark]:
    """Say which ``must_pass`` cases cannot fail a build, for want of a steady past."""
    if record is None:
        return []
    names = unsteady_must_pass(test.cases, record)
    if not names:
        return []
    shown = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
    text = (
        f"{shown} cannot fail a build: not right in each of {RECORDED_TRIALS} recorded "
        "trials"
    )
    return [Remark(kind="must_pass", text=text)]


def _share(value: float | None) -> str:
    return "none" if value is None else percent(value)
