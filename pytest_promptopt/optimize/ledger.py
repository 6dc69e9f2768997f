"""The ledger of a search: every trial, so that nothing is paid for twice."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_promptopt.optimize.effects import Measure
from pytest_promptopt.optimize.ranking import Ranked, best_first
from pytest_promptopt.optimize.strategy import Evaluated
from pytest_promptopt.optimize.withheld import Withheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_promptopt.records import Candidate, Case, Trial, Trials


def case_mean(trials: Iterable[Trial]) -> float | None:
    """Return the mean score of one case's trials; ``None`` if none is scored."""
    values = [trial.score.value for trial in trials if trial.score.value is not None]
    return math.fsum(values) / len(values) if values else None


def weighted_mean(
    scores: Mapping[str, float | None], cases: Sequence[Case]
) -> float | None:
    """Return the weighted mean over the scored cases, in [0, 1].

    Args:
        scores: Case id to mean score, ``None`` where nothing could be scored.
        cases: The cases, for their weights.

    Returns:
        The mean, or ``None`` if no case is scored.
    """
    pairs = [
        (case.weight, score)
        for case in cases
        if (score := scores.get(case.id)) is not None
    ]
    if not pairs:
        return None
    total = math.fsum(weight for weight, _ in pairs)
    return min(1.0, math.fsum(weight * score for weight, score in pairs) / total)


def lost_share(trials: Trials, planned: int = 0) -> float:
    """Return the share of trials that got no reply, in [0, 1].

    Args:
        trials: The trials so far.
        planned: How many there are to be, if that is more.
    """
    flat = [trial for entry in trials.values() for trial in entry]
    lost = sum(trial.missing is not None for trial in flat)
    return lost / max(1, planned, len(flat))


def most_lost(answers: Iterable[Trials]) -> str:
    """Return the commonest reason for a trial without a score; empty for none."""
    reasons = Counter(
        trial.missing
        for trials in answers
        for entry in trials.values()
        for trial in entry
        if trial.missing is not None
    )
    return max(reasons, key=lambda reason: (reasons[reason], reason), default="")


class Ledger:
    """Every trial of one search, by candidate and case, in the order they came.

    Trials of a case are numbered from 0 without a gap, so that a question for k
    trials is answered from what is there, and only the rest is measured. A candidate
    has no trials of the cases that stand in its own examples. In its mean they count as
    what the best candidate without them scores there: it is compared on the cases that
    both have, and neither gains nor loses by the others.

    Args:
        withheld: Knows which cases stand in the examples of a candidate.
    """

    def __init__(self, withheld: Withheld | None = None) -> None:
        self._withheld = withheld or Withheld()
        self._candidates: dict[str, Candidate] = {}
        self._trials: dict[str, dict[str, tuple[Trial, ...]]] = {}
        self._whole: dict[tuple[tuple[str, ...], int], dict[str, _Standing]] = {}

    def __len__(self) -> int:
        return len(self._candidates)

    def __contains__(self, candidate: Candidate) -> bool:
        return candidate.key in self._candidates

    def enter(self, measure: Measure, answers: Sequence[Trials]) -> None:
        """Record what a measurement came to."""
        for candidate, trials in zip(measure.candidates, answers, strict=True):
            key = candidate.key
            self._candidates.setdefault(key, candidate)
            row = self._trials.setdefault(key, {})
            for case in measure.cases:
                row[case.id] = (*row.get(case.id, ()), *trials[case.id])

    def lacking(
        self, candidates: Sequence[Candidate], cases: Sequence[Case], trials: int
    ) -> tuple[Measure, ...]:
        """Return what must still be measured to know k trials of each case.

        Args:
            candidates: The candidates; one that is given twice is measured once.
            cases: The cases.
            trials: How many trials of each case are wanted, k.

        Returns:
            Measurements of what no trial is known for, candidates that lack the same
            together, in the order of the candidates.
        """
        groups: dict[tuple[int, tuple[str, ...]], list[Candidate]] = {}
        for key, candidate in {entry.key: entry for entry in candidates}.items():
            row = self._trials.get(key, {})
            starts: dict[int, list[str]] = {}
            for case in self.scored_on(candidate, cases):
                known = len(row.get(case.id, ()))
                if known < trials:
                    starts.setdefault(known, []).append(case.id)
            for start, ids in starts.items():
                groups.setdefault((start, tuple(ids)), []).append(candidate)
        by_id = {case.id: case for case in cases}
        return tuple(
            Measure(
                candidates=tuple(group),
                cases=tuple(by_id[case_id] for case_id in ids),
                indices=range(start, trials),
            )
            for (start, ids), group in groups.items()
        )

    def scored_on(
        self, candidate: Candidate, cases: Sequence[Case]
    ) -> tuple[Case, ...]:
        """Return the cases that do not stand in a candidate's examples, in order."""
        return self._withheld.others(self._known(candidate), cases)

    def trials(self, candidate: Candidate, cases: Sequence[Case], count: int) -> Trials:
        """Return the first trials of a candidate, by case id."""
        row = self._trials.get(candidate.key, {})
        return {case.id: row.get(case.id, ())[:count] for case in cases}

    def means(
        self, candidate: Candidate, cases: Sequence[Case], count: int
    ) -> dict[str, float | None]:
        """Return the mean score of each case over its first trials, by case id."""
        trials = self.trials(candidate, cases, count)
        return {case_id: case_mean(entry) for case_id, entry in trials.items()}

    def evaluated(
        self, candidate: Candidate, cases: Sequence[Case], count: int
    ) -> Evaluated | None:
        """Return what a strategy is told; ``None`` if no case could be scored."""
        trials = self.trials(candidate, cases, count)
        scores = {case_id: case_mean(entry) for case_id, entry in trials.items()}
        standing = None
        if len(self.scored_on(candidate, cases)) < len(cases):
            standing = self._standings(cases, count)
        mean = self._mean(candidate, scores, cases, standing)
        if mean is None:
            return None
        shown = {case_id: _telling(entry) for case_id, entry in trials.items() if entry}
        return Evaluated(
            candidate=candidate,
            mean=mean,
            scores=scores,
            reasons={key: trial.score.reason for key, trial in shown.items()},
            outputs={key: trial.output for key, trial in shown.items()},
            trials=count,
        )

    def ranked(self, cases: Sequence[Case], count: int) -> tuple[Ranked, ...]:
        """Return the candidates that have k trials of every case, oldest first."""
        standings = self._standings(cases, count)
        found = []
        for standing in standings:
            ranked = standing.ranked
            if not ranked.candidate.examples:
                found.append(ranked)
                continue
            mean = self._mean(ranked.candidate, standing.scores, cases, standings)
            if mean is not None:
                found.append(replace(ranked, mean=mean))
        return tuple(sorted(found, key=lambda ranked: ranked.age))

    def _known(self, candidate: Candidate) -> Candidate:
        """Return the candidate as it was first measured."""
        return self._candidates.get(candidate.key, candidate)

    def _standings(self, cases: Sequence[Case], count: int) -> list[_Standing]:
        """Return the candidates that have k trials of all their cases, best first."""
        # The first trials of a case stay what they are: who has them keeps this score.
        asked = (tuple(case.id for case in cases), count)
        known = self._whole.setdefault(asked, {})
        found = {}
        for age, (key, candidate) in enumerate(self._candidates.items()):
            standing = known.get(key) or self._standing(candidate, cases, count, age)
            if standing is not None:
                known[key] = found[age] = standing
        order = best_first(standing.ranked for standing in found.values())
        return [found[ranked.age] for ranked in order]

    def _standing(
        self, candidate: Candidate, cases: Sequence[Case], count: int, age: int
    ) -> _Standing | None:
        """Return where a candidate stands, if it has k trials of all its cases."""
        if self.lacking([candidate], cases, count):
            return None
        trials = self.trials(candidate, cases, count)
        scores = {case_id: case_mean(entry) for case_id, entry in trials.items()}
        mean = weighted_mean(scores, cases)
        if mean is None:
            return None
        ranked = Ranked(candidate=candidate, mean=mean, age=age)
        return _Standing(ranked=ranked, scores=scores)

    def _mean(
        self,
        candidate: Candidate,
        scores: Mapping[str, float | None],
        cases: Sequence[Case],
        standings: Sequence[_Standing] | None,
    ) -> float | None:
        """Return the weighted mean, with the best's scores of a candidate's own cases.

        Returns:
            The mean, in [0, 1]; ``None`` if not one case of its own is scored.
        """
        own = self._withheld.ids(self._known(candidate))
        if not own or all(score is None for score in scores.values()):
            return weighted_mean(scores, cases)
        lent = {
            case.id: next(
                (
                    score
                    for standing in standings or ()
                    if (score := standing.scores[case.id]) is not None
                ),
                None,
            )
            for case in cases
            if case.id in own
        }
        return weighted_mean({**scores, **lent}, cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """A candidate by the cases that it is scored on, with its score of each."""

    ranked: Ranked
    scores: Mapping[str, float | None]


def _telling(trials: Sequence[Trial]) -> Trial:
    """Return the trial that says most: the first that is not wholly right."""
    for trial in trials:
        if trial.score.value is not None and trial.score.value < 1.0:
            return trial
    return trials[0]
