"""Every score of a candidate in a search, in the order they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_promptopt.records import CandidateScore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_promptopt.optimize.ledger import Ledger
    from pytest_promptopt.optimize.lineage import Lineage
    from pytest_promptopt.records import Candidate, Case


class Scores:
    """The curve of a search.

    Args:
        ledger: Knows the trials.
        lineage: Knows where candidates come from.
        cases: All train cases.
    """

    def __init__(self, ledger: Ledger, lineage: Lineage, cases: Sequence[Case]) -> None:
        self._ledger = ledger
        self._lineage = lineage
        self._cases = cases
        self._seen: dict[str, int] = {}
        self.entries: list[CandidateScore] = []

    def on_train(self, candidates: Iterable[Candidate], calls: int) -> None:
        """Enter those that were scored on more train cases than before.

        Args:
            candidates: What was to be scored.
            calls: Model calls of the search so far.
        """
        for candidate in candidates:
            lacking = self._ledger.lacking([candidate], self._cases, 1)
            unseen = {case.id for measure in lacking for case in measure.cases}
            seen = [case for case in self._cases if case.id not in unseen]
            if len(seen) <= self._seen.get(candidate.key, 0):
                continue
            self._seen[candidate.key] = len(seen)
            found = self._ledger.evaluated(candidate, seen, 1)
            if found is not None:
                self._enter(candidate, found.mean, len(seen), calls)

    def on_holdout(
        self, candidate: Candidate, mean: float, cases: int, calls: int
    ) -> None:
        """Enter what a candidate scores on hold-out cases."""
        self._enter(candidate, mean, cases, calls, holdout=True)

    def _enter(
        self,
        candidate: Candidate,
        mean: float,
        cases: int,
        calls: int,
        *,
        holdout: bool = False,
    ) -> None:
        origin, step = self._lineage.origin_of(candidate)
        self.entries.append(
            CandidateScore(
                key=candidate.key,
                step=step,
                mean=mean,
                cases=cases,
                calls=calls,
                holdout=holdout,
                origin=origin.operator,
            )
        )
