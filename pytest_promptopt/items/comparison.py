"""An edited prompt beside the one it is held against, asked in turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_promptopt import gate
from pytest_promptopt.items.explaining import with_outage
from pytest_promptopt.items.pending import gathered

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_promptopt.baseline import Baseline
    from pytest_promptopt.gate import Terms
    from pytest_promptopt.items.pending import Batch
    from pytest_promptopt.items.rounds import Rounds
    from pytest_promptopt.records import Case, Trials, Verdict


@dataclass(slots=True, kw_only=True)
class Comparison:
    """Both arms at one look or two, then the ``must_pass`` cases in doubt.

    Attributes:
        rounds: The requests, with both arms.
        record: What the prompt is held against.
        terms: By which limits.
        looks: The trials of both arms at the looks, once these are over.
    """

    rounds: Rounds
    record: Baseline
    terms: Terms
    looks: tuple[Trials, Trials] | None = None

    def run(self) -> Generator[Batch, None, Verdict]:
        """Ask until the gate can tell."""
        rounds, cases = self.rounds, self.rounds.test.cases
        for look in range(1, gate.LOOKS + 1):
            batch = rounds.begin() if look == 1 else rounds.send(rounds.plan.trials)
            fault = yield from rounds.run_bodies(batch)
            if fault is not None:
                return fault
            old, new = gathered(rounds.sent, rounds.arms)
            verdict = gate.judge_edited(
                cases, self.record, old, new, self.terms, look=look
            )
            if not gate.goes_on(verdict, look):
                break
        self.looks = (old, new)
        verdict = with_outage(verdict, rounds.sent, rounds.arms[-1][0])
        doubtful = gate.doubtful_must_pass(cases, self.record, old, new)
        if not doubtful or verdict.outcome in ("fail", "error"):
            return verdict
        return (yield from self._retried(verdict, doubtful, self.looks))

    def _retried(
        self,
        verdict: Verdict,
        doubtful: tuple[Case, ...],
        looks: tuple[Trials, Trials],
    ) -> Generator[Batch, None, Verdict]:
        """Decide about ``must_pass`` cases with a first failure by fresh trials."""
        arms = [(arm, doubtful) for arm, _ in self.rounds.arms]
        found, again = verdict, doubtful
        asked: Batch = []
        for _ in range(gate.ROUNDS):
            batch = self.rounds.send(gate.RETRIALS, [(arm, again) for arm, _ in arms])
            fault = yield from self.rounds.run_bodies(batch)
            if fault is not None:
                return fault
            asked += batch
            old, new = gathered(asked, arms)
            found = gate.with_retrials(verdict, doubtful, old, new, looks=looks)
            again = gate.doubtful_still(found, doubtful)
            if not again:
                break
        return found
