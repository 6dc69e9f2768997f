"""Whether a patch gets in: cases in an order that tells soon when it does not."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_promptopt.optimize.same_behaviour import LOOKS, keeps, lost_cases
from pytest_promptopt.optimize.strategies.paired_gate import shares
from pytest_promptopt.optimize.strategy import Evaluate, Evaluated, Rejected

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from pytest_promptopt.optimize.strategy import Task
    from pytest_promptopt.records import Candidate, Case, Origin

    Scores = Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of a patch.

    Attributes:
        entry: Its figures on all train cases; ``None`` if it was dropped before.
        accepted: Whether it gets in.
        rejected: Whether a guard turned it away, so that it cost nothing.
        kept: Whether no case that has to stay right was seen to be lost.
    """

    entry: Evaluated | None = None
    accepted: bool = False
    rejected: bool = False
    kept: bool = True


@dataclass(slots=True, kw_only=True)
class Trials:
    """Holds patches against the start and the best patch so far.

    Attributes:
        task: The search.
        first: Cases of the first look.
        margin: What a shorter text may lose; ``None``: a better one is wanted.
        start: The scores of the start.
        best: The scores of the best patch so far.
        failures: Case id to how often it was failed; those come first.
    """

    task: Task
    first: int
    margin: float | None
    start: Scores = field(default_factory=dict)
    best: Scores = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)

    def begin(self) -> Generator[Evaluate, Any, Evaluated | None]:
        """Score the start; ``None`` if nothing of it could be."""
        (entry,) = yield Evaluate(
            candidates=(self.task.incumbent,),
            cases=self.task.cases,
            trials=1 if self.margin is None else LOOKS,
        )
        if not isinstance(entry, Evaluated):
            return None
        self.start = self.best = dict(entry.scores)
        self._count(entry.scores)
        return entry

    def order(self) -> tuple[Case, ...]:
        """Return the train cases, those most often failed first."""
        cases = list(self.task.cases)
        self.task.draws("order").shuffle(cases)
        return tuple(sorted(cases, key=lambda case: -self.failures[case.id]))

    def judge(
        self, candidate: Candidate, origin: Origin
    ) -> Generator[Evaluate, Any, Judged]:
        """Score a patch on more and more cases, as long as it could still get in."""
        order = self.order()
        confirmed: dict[str, float | None] = {}
        for end in shares(len(order), self.first):
            seen = order[:end]
            (entry,) = yield Evaluate(
                candidates=(candidate,), cases=seen, origins=(origin,)
            )
            if isinstance(entry, Rejected):
                return Judged(rejected=True)
            scores = {**entry.scores, **confirmed}
            doubted = self._lost(scores, seen) if self.margin is not None else ()
            asked = [case for case in doubted if case.id not in confirmed]
            if asked:
                (again,) = yield Evaluate(
                    candidates=(candidate,),
                    cases=tuple(asked),
                    trials=LOOKS,
                    origins=(origin,),
                )
                if isinstance(again, Evaluated):
                    confirmed.update(again.scores)
                    scores.update(again.scores)
            lost = self._lost(scores, seen)
            if lost or self._is_hopeless(scores):
                self._count(scores)
                return Judged(kept=not lost)
        self._count(scores)
        if not entry.is_whole or not self._improves(scores):
            return Judged(entry=entry)
        self.best = scores
        return Judged(entry=entry, accepted=True)

    def _lost(self, scores: Scores, seen: Sequence[Case]) -> tuple[Case, ...]:
        """Return the cases that have to stay right and did not."""
        held = [case for case in seen if self.margin is not None or case.must_pass]
        return lost_cases(self.start, scores, held)

    def _is_hopeless(self, scores: Scores) -> bool:
        """Tell whether even right answers to all other cases would not be enough."""
        old = self.best if self.margin is None else self.start
        most = 0.0
        weight = 0.0
        for case in self.task.cases:
            was, now = old.get(case.id), scores.get(case.id, 1.0)
            if was is not None and now is not None:
                most += case.weight * (now - was)
                weight += case.weight
        if self.margin is None:
            return most <= 1e-9
        return most < -self.margin * weight - 1e-9

    def _improves(self, scores: Scores) -> bool:
        cases = self.task.cases
        if self.margin is not None:
            return keeps(self.start, scores, cases, self.margin)
        gains = [
            case.weight * (now - was)
            for case in cases
            if (was := self.best.get(case.id)) is not None
            and (now := scores.get(case.id)) is not None
        ]
        return math.fsum(gains) > 1e-9

    def _count(self, scores: Scores) -> None:
        """Count failures: for a shorter text, what the start gets right and it not."""
        for case in self.task.cases:
            now = scores.get(case.id)
            if now is None:
                continue
            bar = 1.0 if self.margin is None else (self.start.get(case.id) or 0.0)
            self.failures[case.id] += now < bar - 1e-9
