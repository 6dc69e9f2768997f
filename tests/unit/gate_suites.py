"""Suites, records and trials in a line each, for the tests of the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.baseline import Baseline, BaselineCase
from pytest_promptopt.gate import Terms, judge_edited
from pytest_promptopt.records import Case, Score, Trial, Trials

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_promptopt.records import Verdict

DATE = "2026-01-31"


def suite(
    n: int,
    *,
    must_pass: Collection[int] = (),
    weights: Sequence[float] = (),
    tags: Mapping[int, tuple[str, ...]] | None = None,
) -> tuple[Case, ...]:
    """Cases c0, c1, ... that expect "yes"."""
    return tuple(
        Case(
            id=f"c{i}",
            inputs={"text": f"text {i}"},
            expected="yes",
            must_pass=i in must_pass,
            tags=(tags or {}).get(i, ()),
            weight=weights[i] if weights else 1.0,
            place=f"cases/x.jsonl:{i + 1}",
        )
        for i in range(n)
    )


def trials(*values: float | None) -> tuple[Trial, ...]:
    """One trial per value; ``None`` is a reply that never came."""
    return tuple(
        Trial.lost("provider: connection refused")
        if value is None
        else Trial(
            score=Score(value=value, reason="" if value == 1.0 else "expected 'yes'"),
            output="yes" if value == 1.0 else f"no ({value:g})",
        )
        for value in values
    )


def arm(
    cases: Sequence[Case],
    wrong: Collection[int] = (),
    *,
    k: int = 3,
    lost: Collection[int] = (),
) -> Trials:
    """Trials that are right but for some cases, and missing for some."""
    return {
        case.id: trials(*[None if i in lost else float(i not in wrong)] * k)
        for i, case in enumerate(cases)
    }


def record(
    cases: Sequence[Case], wrong: Collection[int] = (), *, k: int = 3
) -> Baseline:
    """The baseline whose trials are right but for some cases."""
    return recorded(
        cases, {case.id: (float(i not in wrong),) * k for i, case in enumerate(cases)}
    )


def recorded(
    cases: Sequence[Case], values: Mapping[str, tuple[float, ...]]
) -> Baseline:
    """The baseline with these scores."""
    return Baseline(
        prompt={"text": "Say yes."},
        request={},
        model="offline:rules",
        fingerprint="f" * 64,
        date=DATE,
        cases=tuple(
            BaselineCase(
                id=case.id,
                hash=case.hash,
                values=values[case.id],
                must_pass=case.must_pass,
                weight=case.weight,
            )
            for case in cases
        ),
    )


def judged(
    cases: Sequence[Case],
    baseline: Baseline,
    old: Trials,
    new: Trials,
    terms: Terms | None = None,
    *,
    look: int = 2,
) -> Verdict:
    """The verdict of the last look, on the usual terms."""
    return judge_edited(cases, baseline, old, new, terms or Terms(), look=look)
