"""Drift: what changed without an edit, decided once for the whole suite."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_promptopt import stats
from pytest_promptopt.gate import sentences as say
from pytest_promptopt.gate.finding import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_promptopt.records import Redraw

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftedTest:
    """How one prompt test's fresh scores differ from its recorded ones.

    Attributes:
        name: The prompt test.
        change: Fresh accuracy minus the recorded one, as a share.
        p_value: Two-sided p, adjusted for the number of tests.
        alone: Whether the change shows in this test by itself.
        since: Day of its record, ISO 8601; empty if it is not known.
    """

    name: str
    change: float
    p_value: float
    alone: bool
    since: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """That the recorded requests no longer get the recorded scores.

    Attributes:
        tests: All prompt tests that were called, by name.
        change: Pooled change, fresh minus recorded, as a share.
        p_value: Two-sided p of the pooled change.
        limit: What each of the two questions was held against.
        pooled: Whether the change shows in the suite as a whole.
    """

    tests: tuple[DriftedTest, ...]
    change: float
    p_value: float
    limit: float
    pooled: bool

    @property
    def alone(self) -> tuple[DriftedTest, ...]:
        """The tests that show it by themselves, largest change first."""
        shown = [test for test in self.tests if test.alone]
        return tuple(sorted(shown, key=lambda test: (-abs(test.change), test.name)))

    @property
    def names(self) -> tuple[str, ...]:
        """The tests that are named: those that show it, or else all."""
        return tuple(test.name for test in self.alone or self.tests)

    @property
    def direction(self) -> str:
        """``"lower"``, ``"higher"``, or ``"different"`` where tests disagree."""
        changes = [test.change for test in self.alone]
        if self.pooled:
            changes.append(self.change)
        if all(change < 0 for change in changes):
            return "lower"
        return "higher" if all(change > 0 for change in changes) else "different"

    @property
    def message(self) -> str:
        """The finding in one sentence."""
        concerned = self.tests if self.pooled else self.alone
        days = sorted({test.since for test in concerned} - {""})
        since = _between(days) if days else "the baselines were recorded"
        found = []
        if self.pooled:
            what = f"{say.count(len(self.tests), 'prompt test')} score"
            if len(self.tests) == 1:
                what = f"{self.tests[0].name} scores"
            found.append(
                f"{what} {_by(self.change)} with the same requests,"
                f" {say.test(self.p_value, self.limit)}"
            )
        if self.alone:
            found.append(_each(self.alone, self.limit))
        return (
            f"not the prompts: model, scorer or code changed since {since}:"
            f" {'; '.join(found)}"
        )


def judge_drift(
    redraws_by_test: Mapping[str, Sequence[Redraw]],
    *,
    dates: Mapping[str, str] | None = None,
    alpha: float = 0.05,
    tolerance: float = 0.02,
) -> Drift | None:
    """Decide whether unedited prompts still score as recorded.

    Two questions share alpha equally: did the suite as a whole change (all cases of all
    tests in one exact stratified test, two-sided), and did a test by itself (Holm over
    the tests)? A single test asks one question, with all of alpha. So a suite of any
    size says *drift* without cause in at most alpha of its runs. A change smaller than
    the tolerance is not worth a sentence.

    Args:
        redraws_by_test: By prompt test what :func:`redraws` gave.
        dates: By prompt test the day of its record, as far as it is known.
        alpha: False alarms that the whole suite may raise, as a share of runs.
        tolerance: Smallest change that matters, as a share.

    Returns:
        The drift, or ``None`` where there is none to speak of.

    Source:
        Holm, Scandinavian Journal of Statistics 6 (1979), 65-70; the split of alpha is
        Bonferroni's.
    """
    redrawn = {
        name: _at_scale(redraws_by_test[name])
        for name in sorted(redraws_by_test)
        if redraws_by_test[name]
    }
    if not redrawn:
        return None
    share = alpha if len(redrawn) == 1 else alpha / 2
    own = [_two_sided(scores) for scores in redrawn.values()]
    adjusted = stats.holm(own) if len(own) > 1 else (1.0,)
    tests = tuple(
        DriftedTest(
            name=name,
            change=(change := _change(scores)),
            p_value=p,
            alone=p <= share + ROUNDING and abs(change) >= tolerance - ROUNDING,
            since=(dates or {}).get(name, ""),
        )
        for (name, scores), p in zip(redrawn.items(), adjusted, strict=True)
    )
    everything = [row for scores in redrawn.values() for row in scores]
    change = _change(everything)
    p_value = own[0] if len(own) == 1 else _two_sided(everything)
    drift = Drift(
        tests=tests,
        change=change,
        p_value=p_value,
        limit=share,
        pooled=p_value <= share + ROUNDING and abs(change) >= tolerance - ROUNDING,
    )
    return drift if drift.pooled or drift.alone else None


_Row = tuple[tuple[float, ...], tuple[float, ...], float]


def _at_scale(redraws: Sequence[Redraw]) -> list[_Row]:
    """Return recorded and fresh scores with weights that average 1 within the test.

    Otherwise a test whose weights go from 1 to 100 would drown the others.
    """
    mean = math.fsum(redraw.weight for redraw in redraws) / len(redraws)
    return [(redraw.recorded, redraw.fresh, redraw.weight / mean) for redraw in redraws]


def _change(rows: Sequence[_Row]) -> float:
    return stats.weighted_mean(
        [fmean(fresh) - fmean(recorded) for recorded, fresh, _ in rows],
        [weight for _, _, weight in rows],
    )


def _two_sided(rows: Sequence[_Row]) -> float:
    """Return twice the one-sided p of the direction that was seen."""
    side: stats.Side = "drop" if _change(rows) < 0 else "gain"
    p = stats.stratified_p(
        [(recorded, fresh) for recorded, fresh, _ in rows],
        weights=[weight for _, _, weight in rows],
        side=side,
    )
    return min(1.0, 2 * p)


def _by(change: float) -> str:
    return f"{say.points(change)} {'lower' if change < 0 else 'higher'} than recorded"


def _between(days: Sequence[str]) -> str:
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _each(tests: Sequence[DriftedTest], limit: float) -> str:
    shown = ", ".join(
        f"{test.name} {_by(test.change)} ({say.p_value(test.p_value)})"
        for test in tests[:_MOST_NAMED]
    )
    rest = f" and {len(tests) - _MOST_NAMED} more" if len(tests) > _MOST_NAMED else ""
    return f"by themselves {shown}{rest}, limit {say.limit(limit)}"
