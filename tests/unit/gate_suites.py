"""Suites, records and trials in a line each, for the tests of the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.baseline import Baseline, BaselineCase
from pytest_promptopt.records import Case, Score, Trial, Trials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DATE = "2026-01-31"


def suite(
    n: int, *, must_pass: Sequence[int] = (), weights: Sequence[float] = ()
) -> tuple[Case, ...]:
    """Cases c0, c1, ... that expect "yes"."""
    return tuple(
        Case(
            id=f"c{i}",
            inputs={"text": f"text {i}"},
            expected="yes",
            must_pass=i in must_pass,
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
    wrong: Sequence[int] = (),
    *,
    k: int = 3,
    lost: Sequence[int] = (),
) -> Trials:
    """Trials that are right but for some cases, and missing for some."""
    return {
        case.id: trials(*[None if i in lost else float(i not in wrong)] * k)
        for i, case in enumerate(cases)
    }


def record(cases: Sequence[Case], wrong: Sequence[int] = (), *, k: int = 3) -> Baseline:
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
