"""Simulated prompt tests, judged by the real gate and by the rules in use beside it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from typing import TYPE_CHECKING

import gate_worlds as worlds

from pytest_promptopt import gate, stats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.records import Case, Trial, Trials, Verdict

SUITE = 5
"""Prompt tests of the suites that are simulated as a whole."""

PEERS = ("naive", "2 points", "McNemar")

Counts = Counter[tuple[str, int]]
"""How often something was said; the number is that of the edited prompt tests (M)."""

TRUTHS: dict[str, Callable[[Random, int, float], worlds.Truth]] = {
    "nothing": worlds.nothing,
    "churn": worlds.churn,
    "drop 5": partial(worlds.drop, size=0.05),
    "drop 10": partial(worlds.drop, size=0.10),
    "smallest": worlds.nothing,
    "drift 3": partial(worlds.drift, size=0.03),
    "drift 5": partial(worlds.drift, size=0.05),
    "up 5, down 5": partial(worlds.up_and_down, size=0.05),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One simulated situation.

    Attributes:
        world: Key of :data:`TRUTHS`; ``"smallest"`` is a drop as large as the smallest
            that the gate says this suite could show.
        n: Cases.
        s: How noisy the model is.
        many: Numbers of edited prompt tests, rising, each judged on the same replies.
        must_pass: Share of the cases that alone can fail the build.
        edited: Whether the prompt was edited, or called unedited.
    """

    world: str
    n: int
    s: float
    many: tuple[int, ...] = (1,)
    must_pass: float = 0.0
    edited: bool = True


def simulate(chunk: tuple[Cell, int, int]) -> tuple[Cell, Counts]:
    """Repeat one cell from one repetition to another.

    Every repetition has a random source of its own. Five in a row make a suite; red
    ones are counted as ``"suite"``.
    """
    cell, start, stop = chunk
    counts: Counts = Counter()
    red: set[int] = set()
    for index in range(start, stop):
        random = Random(f"{cell}/{index}")
        once = (_edited if cell.edited else _unedited)(cell, random)
        counts.update(once)
        red.update(many for many in cell.many if once["fail", many])
        if (index + 1) % SUITE == 0:
            counts.update(("suite", many) for many in red)
            red.clear()
    counts["runs", 0] += stop - start
    return cell, counts


def _edited(cell: Cell, random: Random) -> Counts:
    """Judge one edited prompt test, as the pytest layer does it."""
    truth = TRUTHS[cell.world](random, cell.n, cell.s)
    cases, baseline = worlds.recorded(
        worlds.Model(random), truth.recorded, must_pass=cell.must_pass
    )
    good = truth.new
    if cell.world == "smallest":
        shown = gate.judge_unchanged(cases, baseline, _terms(cell.many[0])).detectable
        good = worlds.concentrated(random, good, shown or 0.0)
    model = worlds.Model(random)
    old, new = worlds.Arm(model, truth.old), worlds.Arm(model, good)
    counts: Counts = Counter()
    left = cell.many
    for look in range(1, gate.LOOKS + 1):
        k = gate.trials_per_look(cell.n)
        replies = old.look(k), new.look(k)
        if look == 1:
            counts.update(_peers(baseline, new))
        verdicts = list(_verdicts(cell, cases, baseline, replies, left, look))
        asked = model.calls
        for many, verdict in verdicts:
            if not gate.goes_on(verdict, look):
                model.calls = asked
                final = _settled(verdict, cases, baseline, old, new)
                counts[final.outcome, many] += 1
                counts["calls", many] += model.calls
        model.calls = asked
        left = tuple(many for many, found in verdicts if gate.goes_on(found, look))
    return counts


def _verdicts(
    cell: Cell,
    cases: Sequence[Case],
    baseline: Baseline,
    replies: tuple[Trials, Trials],
    many: Sequence[int],
    look: int,
) -> Iterator[tuple[int, Verdict]]:
    """Judge the same replies as those of one of so many edited tests, for each number.

    Their number, which rises, only makes it harder to fail: a verdict that is no fail
    stands for all larger ones; but not where ``must_pass`` cases share the error rate.
    """
    verdict = None
    for number in many:
        if verdict is None or verdict.outcome == "fail" or cell.must_pass:
            verdict = gate.judge_edited(
                cases, baseline, *replies, _terms(number), look=look
            )
        yield number, verdict


def _settled(
    verdict: Verdict,
    cases: Sequence[Case],
    baseline: Baseline,
    old: worlds.Arm,
    new: worlds.Arm,
) -> Verdict:
    """Let fresh trials decide about ``must_pass`` cases with a first failure."""
    doubtful = gate.doubtful_must_pass(cases, baseline, old.trials, new.trials)
    if not doubtful or verdict.outcome in ("fail", "error"):
        return verdict
    fresh: tuple[dict[str, tuple[Trial, ...]], ...] = ({}, {})
    looks, again, found = (old.trials, new.trials), doubtful, verdict
    for _ in range(gate.ROUNDS):
        for arm, so_far in zip((old, new), fresh, strict=True):
            for name, replies in arm.retrials(again, gate.RETRIALS).items():
                so_far[name] = so_far.get(name, ()) + replies
        found = gate.with_retrials(verdict, doubtful, *fresh, looks=looks)
        if not (again := gate.doubtful_still(found, doubtful)):
            break
    return found


def _peers(baseline: Baseline, new: worlds.Arm) -> list[tuple[str, int]]:
    """Return which of the rules in use raise an alarm on the first trial of a case."""
    recorded = [entry.scores for entry in baseline.cases]
    now = [float(replies[0] is worlds.RIGHT) for replies in new.trials.values()]
    drop = math.fsum(sum(row) / len(row) for row in recorded) - sum(now)
    pairs = list(zip((row[0] for row in recorded), now, strict=True))
    p = _mcnemar(pairs.count((1.0, 0.0)), pairs.count((0.0, 1.0)))
    alarms = (drop > 1e-9, drop > 0.02 * len(now) + 1e-9, p <= 0.05)
    return [(peer, 0) for peer, alarm in zip(PEERS, alarms, strict=True) if alarm]


@cache
def _mcnemar(fell: int, rose: int) -> float:
    pairs = [((1.0,), (0.0,))] * fell + [((0.0,), (1.0,))] * rose
    return stats.stratified_p(pairs, mid=True)


def _unedited(cell: Cell, random: Random) -> Counts:
    """Call a suite of unedited prompt tests, and decide about drift.

    ``"drift"`` is counted for the first test alone and for the whole suite.
    """
    redraws = {}
    counts: Counts = Counter()
    for i in range(SUITE):
        truth = TRUTHS[cell.world](random, cell.n, cell.s)
        cases, baseline = worlds.recorded(worlds.Model(random), truth.recorded)
        model = worlds.Model(random)
        replies = worlds.Arm(model, truth.new).look(1)
        redraws[f"test_{i}"] = gate.redraws(cases, baseline, replies)
        if i == 0:
            verdict = gate.judge_unedited(cases, baseline, replies, _terms(1))
            counts[verdict.outcome, 1] += 1
            counts["calls", 1] += model.calls
    alone = {"test_0": redraws["test_0"]}
    counts["drift", 1] += gate.judge_drift(alone) is not None
    counts["drift", SUITE] += gate.judge_drift(redraws) is not None
    return counts


@cache
def _terms(many: int) -> gate.Terms:
    return gate.Terms(hypotheses=many)
